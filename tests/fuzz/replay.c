/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls a fuzzer with every file of a directory: the corpus as a test, without libFuzzer. */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

enum { INPUT_SIZE = 1 << 20 };

static void replay(const char *path)
{
	static uint8_t buffer[INPUT_SIZE];
	FILE *file = fopen(path, "rb");
	size_t size;
	uint8_t *data;

	MK_FUZZ_CHECK(file != NULL);
	size = fread(buffer, 1, sizeof(buffer), file);
	fclose(file);
	/* An allocation of its own, so that a sanitizer sees a read beyond the end. */
	data = malloc(size + (size == 0));
	MK_FUZZ_CHECK(data != NULL);
	memcpy(data, buffer, size);
	MK_FUZZ_CHECK(LLVMFuzzerTestOneInput(data, size) == 0);
	free(data);
}

int main(int argument_count, char **arguments)
{
	struct dirent **entries;
	int count = argument_count == 2 ? scandir(arguments[1], &entries, NULL, alphasort) : -1;
	int replayed = 0;

	if (count < 0) {
		fprintf(stderr, "usage: %s DIRECTORY\n", arguments[0]);
		return 2;
	}
	for (int i = 0; i < count; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", arguments[1], entries[i]->d_name);
		if (entries[i]->d_name[0] != '.') {
			fprintf(stderr, "%s\n", entries[i]->d_name);
			replay(path);
			replayed++;
		}
		free(entries[i]);
	}
	free(entries);
	printf("%d inputs\n", replayed);
	return replayed == 0 ? 1 : 0;
}
