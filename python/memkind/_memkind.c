/* SPDX-License-Identifier: BSD-2-Clause */
/* What the package asks of libmemkind. A kind is a number here: its handle, which the caller keeps alive. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <memkind_ng.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NODE_COUNT 1024

static const struct {
	const char *name;
	const memkind_t *handle;
} static_kinds[] = {
#define MK_KIND(id, ...) {#id, &MEMKIND_##id},
#include "kind/kinds.def"
#undef MK_KIND
};

/* A block; OWNER, the object that stands for its kind, lives as long as it does. */
struct buffer {
	PyObject_HEAD PyObject *owner;
	void *block;
	Py_ssize_t size;
};

static int handle_of(PyObject *number, void *ret_kind)
{
	void *kind = PyLong_AsVoidPtr(number);

	if (kind == NULL && PyErr_Occurred())
		return 0;
	*(void **)ret_kind = kind;
	return 1;
}

static PyObject *buffer_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
	struct buffer *self;
	PyObject *owner;
	memkind_t kind;
	Py_ssize_t size;
	void *block;

	(void)keywords;
	if (!PyArg_ParseTuple(args, "OO&n:Buffer", &owner, handle_of, &kind, &size))
		return NULL;
	if (size < 0) {
		PyErr_SetString(PyExc_ValueError, "a size below 0");
		return NULL;
	}
	block = memkind_malloc(kind, size == 0 ? 1 : (size_t)size);
	if (block == NULL)
		return PyErr_NoMemory();
	self = (struct buffer *)type->tp_alloc(type, 0);
	if (self == NULL) {
		memkind_free(kind, block);
		return NULL;
	}
	self->owner = Py_NewRef(owner);
	self->block = block;
	self->size = size;
	return (PyObject *)self;
}

static void buffer_dealloc(PyObject *object)
{
	struct buffer *self = (struct buffer *)object;

	memkind_free(NULL, self->block);
	Py_XDECREF(self->owner);
	Py_TYPE(object)->tp_free(object);
}

static int buffer_get(PyObject *object, Py_buffer *view, int flags)
{
	struct buffer *self = (struct buffer *)object;

	return PyBuffer_FillInfo(view, object, self->block, self->size, 0, flags);
}

static PyBufferProcs buffer_procs = {.bf_getbuffer = buffer_get};

static PyTypeObject buffer_type = {
	PyVarObject_HEAD_INIT(NULL, 0).tp_name = "memkind._memkind.Buffer",
	.tp_doc = "Buffer(owner, handle, nbytes): a block, which is freed with the object.",
	.tp_basicsize = sizeof(struct buffer),
	.tp_flags = Py_TPFLAGS_DEFAULT,
	.tp_new = buffer_new,
	.tp_dealloc = buffer_dealloc,
	.tp_as_buffer = &buffer_procs,
};

static PyObject *list_kinds(PyObject *module, PyObject *unused)
{
	PyObject *kinds = PyDict_New();

	(void)module, (void)unused;
	for (size_t i = 0; kinds != NULL && i < Py_ARRAY_LENGTH(static_kinds); i++) {
		PyObject *handle = PyLong_FromVoidPtr(*static_kinds[i].handle);

		if (handle == NULL ||
		    PyDict_SetItemString(kinds, static_kinds[i].name, handle) != 0)
			Py_CLEAR(kinds);
		Py_XDECREF(handle);
	}
	return kinds;
}

static PyObject *reason(PyObject *module, PyObject *number)
{
	memkind_t kind;

	(void)module;
	return handle_of(number, &kind) ? Py_BuildValue("z", memkind_ng_unavailable_reason(kind))
					: NULL;
}

static PyObject *capacity(PyObject *module, PyObject *number)
{
	memkind_t kind;

	(void)module;
	return handle_of(number, &kind) ? PyLong_FromSsize_t(memkind_get_capacity(kind)) : NULL;
}

static PyObject *trim(PyObject *module, PyObject *number)
{
	memkind_t kind;

	(void)module;
	return handle_of(number, &kind) ? PyBool_FromLong(memkind_ng_trim(kind) == 1) : NULL;
}

/* (resident, active, allocated) of a kind; of all of them together for 0. */
static PyObject *stats(PyObject *module, PyObject *number)
{
	size_t values[MEMKIND_STAT_TYPE_MAX_VALUE];
	memkind_t kind;

	(void)module;
	if (!handle_of(number, &kind))
		return NULL;
	memkind_update_cached_stats();
	for (int i = 0; i < MEMKIND_STAT_TYPE_MAX_VALUE; i++)
		memkind_get_stat(kind, (memkind_stat_type)i, &values[i]);
	return Py_BuildValue("(nnn)", (Py_ssize_t)values[MEMKIND_STAT_TYPE_RESIDENT],
			     (Py_ssize_t)values[MEMKIND_STAT_TYPE_ACTIVE],
			     (Py_ssize_t)values[MEMKIND_STAT_TYPE_ALLOCATED]);
}

/* {node: bytes} without the nodes that have none. */
static PyObject *dictionary_of(const size_t *sizes)
{
	PyObject *nodes = PyDict_New();

	for (long node = 0; nodes != NULL && node < NODE_COUNT; node++) {
		PyObject *key, *value;

		if (sizes[node] == 0)
			continue;
		key = PyLong_FromLong(node);
		value = PyLong_FromSize_t(sizes[node]);
		if (key == NULL || value == NULL || PyDict_SetItem(nodes, key, value) != 0)
			Py_CLEAR(nodes);
		Py_XDECREF(key);
		Py_XDECREF(value);
	}
	return nodes;
}

static PyObject *resident(PyObject *module, PyObject *number)
{
	size_t sizes[NODE_COUNT];
	memkind_t kind;
	int error;

	(void)module;
	if (!handle_of(number, &kind))
		return NULL;
	/* It takes its time where there is much memory. */
	Py_BEGIN_ALLOW_THREADS;
	error = memkind_ng_get_resident(kind, sizes, NODE_COUNT);
	Py_END_ALLOW_THREADS;
	if (error == 0)
		return dictionary_of(sizes);
	PyErr_SetString(PyExc_OSError, "the kernel does not tell where pages are (move_pages)");
	return NULL;
}

/* The handle of the kind that the object's memory is of, 0 for memory that is of none. */
static PyObject *detect(PyObject *module, PyObject *object)
{
	memkind_t kind;
	Py_buffer view;

	(void)module;
	if (PyObject_GetBuffer(object, &view, PyBUF_FULL_RO) != 0)
		return NULL;
	kind = memkind_detect_kind(view.buf);
	PyBuffer_Release(&view);
	return PyLong_FromVoidPtr(kind);
}

/* 0, or the code and the text of the error. */
static PyObject *move(PyObject *module, PyObject *args)
{
	char message[MEMKIND_ERROR_MESSAGE_SIZE];
	PyObject *object, *number;
	memkind_t kind;
	Py_buffer view;
	int error;

	(void)module;
	if (!PyArg_ParseTuple(args, "OO", &object, &number) || !handle_of(number, &kind) ||
	    PyObject_GetBuffer(object, &view, PyBUF_FULL_RO) != 0)
		return NULL;
	/* It takes its time where there is much memory. */
	Py_BEGIN_ALLOW_THREADS;
	error = memkind_ng_move(view.buf, kind);
	Py_END_ALLOW_THREADS;
	PyBuffer_Release(&view);
	memkind_error_message(error, message, sizeof(message));
	return Py_BuildValue("is", error, message);
}

/* Adds the bytes of the object's memory that are in RAM to the node of each page. */
static int add_pages(char *start, size_t size, size_t *sizes)
{
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t done = 0, length; done < size; done += length) {
		char *at = start + done;
		size_t inside = (uintptr_t)at % page_size;
		void *page = at - inside;
		int node = -1;

		length = Py_MIN(page_size - inside, size - done);
		if (syscall(SYS_move_pages, 0, 1, &page, NULL, &node, 0) != 0)
			return -1;
		if (node >= 0 && node < NODE_COUNT)
			sizes[node] += length;
	}
	return 0;
}

static PyObject *nodes(PyObject *module, PyObject *object)
{
	size_t sizes[NODE_COUNT] = {0};
	Py_buffer view;
	int result;

	(void)module;
	if (PyObject_GetBuffer(object, &view, PyBUF_ANY_CONTIGUOUS) != 0)
		return NULL;
	result = add_pages(view.buf, (size_t)view.len, sizes);
	PyBuffer_Release(&view);
	return result == 0 ? dictionary_of(sizes) : PyErr_SetFromErrno(PyExc_OSError);
}

static PyObject *create_pmem(PyObject *module, PyObject *args)
{
	char message[MEMKIND_ERROR_MESSAGE_SIZE];
	PyObject *directory, *shown;
	memkind_t kind = NULL;
	Py_ssize_t limit;
	int error;

	(void)module;
	if (!PyArg_ParseTuple(args, "O&nO", PyUnicode_FSConverter, &directory, &limit, &shown))
		return NULL;
	errno = 0;
	error = limit < 0 ? MEMKIND_ERROR_INVALID
			  : memkind_create_pmem(PyBytes_AS_STRING(directory), (size_t)limit, &kind);
	Py_DECREF(directory);
	if (error == 0)
		return PyLong_FromVoidPtr(kind);
	if (error == MEMKIND_ERROR_INVALID && errno != 0)
		return PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, shown);
	if (error == MEMKIND_ERROR_INVALID)
		return PyErr_Format(PyExc_ValueError, "a limit of %zd bytes; the least is %d",
				    limit, MEMKIND_PMEM_MIN_SIZE);
	memkind_error_message(error, message, sizeof(message));
	PyErr_SetString(PyExc_MemoryError, message);
	return NULL;
}

static PyObject *create(PyObject *module, PyObject *text)
{
	const char *utf8 = PyUnicode_AsUTF8(text);
	memkind_t kind = NULL;
	char error[2048];
	int code;

	(void)module;
	if (utf8 == NULL)
		return NULL;
	code = memkind_ng_create_from(utf8, &kind, error, sizeof(error));
	if (code == 0)
		return PyLong_FromVoidPtr(kind);
	PyErr_SetString(code == MEMKIND_ERROR_INVALID ? PyExc_ValueError : PyExc_MemoryError,
			error);
	return NULL;
}

static PyObject *then(PyObject *module, PyObject *number)
{
	memkind_t kind;

	(void)module;
	if (!handle_of(number, &kind))
		return NULL;
	return PyLong_FromVoidPtr(memkind_ng_get_then(kind));
}

static PyObject *destroy(PyObject *module, PyObject *number)
{
	memkind_t kind;

	(void)module;
	if (!handle_of(number, &kind))
		return NULL;
	memkind_destroy_kind(kind);
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{"kinds", list_kinds, METH_NOARGS, "{name: handle} of the kinds that need not be made."},
	{"reason", reason, METH_O, "Why there is no memory of a kind; None: there is."},
	{"capacity", capacity, METH_O, "memkind_get_capacity()."},
	{"trim", trim, METH_O, "Whether memkind_ng_trim() gave something back."},
	{"stats", stats, METH_O, "(resident, active, allocated) of a kind; 0: of all."},
	{"resident", resident, METH_O, "{node: bytes} of a kind."},
	{"detect", detect, METH_O, "The handle of the kind of an object's memory, or 0."},
	{"move", move, METH_VARARGS, "move(object, handle): (code, text) of memkind_ng_move()."},
	{"nodes", nodes, METH_O, "{node: bytes} of an object's memory."},
	{"create_pmem", create_pmem, METH_VARARGS,
	 "create_pmem(directory, limit, shown): a handle."},
	{"create", create, METH_O, "create(text): a handle, of memkind_ng_create_from()."},
	{"then", then, METH_O, "memkind_ng_get_then(): a handle, or 0."},
	{"destroy", destroy, METH_O, "memkind_destroy_kind()."},
	{NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "memkind._memkind",
	.m_size = -1,
	.m_methods = methods,
};

PyMODINIT_FUNC PyInit__memkind(void);

PyMODINIT_FUNC PyInit__memkind(void)
{
	PyObject *module = PyModule_Create(&definition);

	if (module != NULL && PyModule_AddType(module, &buffer_type) != 0)
		Py_CLEAR(module);
	return module;
}
