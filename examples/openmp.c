/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenMP's allocators for memory of large capacity: no word of memkind is in the program. LLVM's
 * runtime, and GCC's from version 14 on, take these blocks from libmemkind where it is installed
 * (from DAX_KMEM_ALL); others from malloc.
 *
 *	clang -fopenmp openmp.c
 */
#include <omp.h>
#include <stdio.h>

#define COUNT (1 << 20)

int main(void)
{
	/* Where there is no such memory, or it is used up: what malloc would have given. */
	omp_alloctrait_t traits[] = {{omp_atk_fallback, omp_atv_default_mem_fb}};
	omp_allocator_handle_t large = omp_init_allocator(omp_large_cap_mem_space, 1, traits);
	double *values, sum = 0;

	if (large == omp_null_allocator) {
		puts("this runtime has no such memory; its default memory instead");
		large = omp_default_mem_alloc;
	}
	values = omp_alloc(COUNT * sizeof(*values), large);
	if (values == NULL)
		return 1;
#pragma omp parallel for
	for (int i = 0; i < COUNT; i++)
		values[i] = i;
#pragma omp parallel for reduction(+ : sum)
	for (int i = 0; i < COUNT; i++)
		sum += values[i];
	omp_free(values, large);
	printf("sum %.0f, %d threads\n", sum, omp_get_max_threads());
	return sum != (COUNT - 1.0) * COUNT / 2;
}
