/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of a kind for the data of NumPy's arrays (NEP 49). */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#include <numpy/arrayobject.h>

#include <memkind.h>

/* The name that NumPy wants these capsules to have. */
#define CAPSULE "mem_handler"

/* An array keeps the handler that it was made with, and the handler its kind. */
struct handler {
	PyDataMem_Handler numpy;
	PyObject *owner; /* the object that stands for the kind */
};

/* An array without elements has a block, too. */
static size_t at_least_one(size_t size)
{
	return size == 0 ? 1 : size;
}

static void *allocate(void *kind, size_t size)
{
	return memkind_malloc(kind, at_least_one(size));
}

static void *allocate_zeroed(void *kind, size_t count, size_t size)
{
	return memkind_calloc(kind, at_least_one(count), at_least_one(size));
}

static void *resize(void *kind, void *block, size_t size)
{
	return memkind_realloc(kind, block, at_least_one(size));
}

static void release(void *kind, void *block, size_t size)
{
	(void)size;
	memkind_free(kind, block);
}

static void delete (PyObject *capsule)
{
	struct handler *handler = PyCapsule_GetPointer(capsule, CAPSULE);

	Py_DECREF(handler->owner);
	PyMem_Free(handler);
}

static PyObject *make(PyObject *module, PyObject *args)
{
	struct handler *handler;
	PyObject *owner, *number, *capsule;
	void *kind;

	(void)module;
	if (!PyArg_ParseTuple(args, "OO!", &owner, &PyLong_Type, &number))
		return NULL;
	kind = PyLong_AsVoidPtr(number);
	if (kind == NULL && PyErr_Occurred())
		return NULL;
	handler = PyMem_Malloc(sizeof(*handler));
	if (handler == NULL)
		return PyErr_NoMemory();
	*handler = (struct handler){
		.numpy = {.name = "memkind",
			  .version = 1,
			  .allocator = {kind, allocate, allocate_zeroed, resize, release}},
		.owner = Py_NewRef(owner),
	};
	capsule = PyCapsule_New(handler, CAPSULE, delete);
	if (capsule == NULL) {
		Py_DECREF(owner);
		PyMem_Free(handler);
	}
	return capsule;
}

static PyObject *set(PyObject *module, PyObject *capsule)
{
	(void)module;
	return PyDataMem_SetHandler(capsule);
}

static PyMethodDef methods[] = {
	{"make", make, METH_VARARGS, "make(owner, handle): a handler for memory of a kind."},
	{"set", set, METH_O, "Has NumPy use a handler in this context, and returns the last one."},
	{NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "memkind._numpy",
	.m_size = -1,
	.m_methods = methods,
};

PyMODINIT_FUNC PyInit__numpy(void);

PyMODINIT_FUNC PyInit__numpy(void)
{
	import_array();
	return PyModule_Create(&definition);
}
