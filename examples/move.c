/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An array that is not needed for a while is put away in far memory, where it stands:
 *
 *	cc move.c $(pkg-config --cflags --libs memkind)
 */
#include <memkind_ng.h>
#include <stdio.h>

#define COUNT	   (4 << 20)
#define NODE_LIMIT 64

static void show(const char *when, const double *array)
{
	size_t bytes[NODE_LIMIT + 2];

	if (memkind_ng_where(array, COUNT * sizeof(*array), bytes, NODE_LIMIT) != 0)
		return;
	for (unsigned node = 0; node < NODE_LIMIT; node++)
		if (bytes[node] != 0)
			printf("%s: %zu KiB on node %u\n", when, bytes[node] >> 10, node);
}

/* 0, or a line that says why not. */
static int move(double *array, memkind_t kind)
{
	char text[MEMKIND_ERROR_MESSAGE_SIZE];
	int error = memkind_ng_move(array, kind);

	if (error == 0)
		return 0;
	memkind_error_message(error, text, sizeof(text));
	printf("the array stays in ordinary memory: %s\n", text);
	return error;
}

int main(void)
{
	double *array = memkind_malloc(MEMKIND_REGULAR, COUNT * sizeof(*array));
	double sum = 0;

	if (array == NULL)
		return 1;
	for (int i = 0; i < COUNT; i++)
		array[i] = i;
	show("at first", array);
	if (move(array, MEMKIND_DAX_KMEM) == 0) {
		show("put away in far memory", array);
		if (move(array, MEMKIND_REGULAR) != 0)
			return 1;
		show("in use again", array);
	}
	for (int i = 0; i < COUNT; i++)
		sum += array[i];
	memkind_free(NULL, array);
	printf("sum %.0f\n", sum);
	return sum != 8796090925056.0;
}
