/* SPDX-License-Identifier: BSD-2-Clause */
/* Bins of free spans: four per doubling of the size, with a bitmap of those in use. */
#include "heap/bins.h"

enum { SCAN_LIMIT = 8 };

static unsigned bin_of(size_t pages)
{
	unsigned log2;
	unsigned bin;

	if (pages < 4)
		return (unsigned)pages;
	log2 = mk_log2(pages);
	bin = (log2 - 1) * 4 + (unsigned)(pages >> (log2 - 2) & 3);
	return bin < MK_BIN_COUNT ? bin : MK_BIN_COUNT - 1;
}

void mk_bins_insert(struct mk_bins *bins, struct mk_span *span)
{
	unsigned bin = bin_of(span->page_count);

	span->list_next = bins->bin[bin];
	span->list_link = &bins->bin[bin];
	if (span->list_next != NULL)
		span->list_next->list_link = &span->list_next;
	bins->bin[bin] = span;
	bins->used[bin / 64] |= UINT64_C(1) << (bin % 64);
}

void mk_bins_remove(struct mk_bins *bins, struct mk_span *span)
{
	unsigned bin = bin_of(span->page_count);

	*span->list_link = span->list_next;
	if (span->list_next != NULL)
		span->list_next->list_link = span->list_link;
	if (bins->bin[bin] == NULL)
		bins->used[bin / 64] &= ~(UINT64_C(1) << (bin % 64));
}

static struct mk_span *best_of(struct mk_span *list, size_t pages, size_t scan_count)
{
	struct mk_span *best = NULL;

	for (struct mk_span *span = list; span != NULL && scan_count > 0; span = span->list_next) {
		if (span->page_count >= pages &&
		    (best == NULL || span->page_count < best->page_count))
			best = span;
		scan_count--;
	}
	return best;
}

static unsigned next_used(const struct mk_bins *bins, unsigned from)
{
	for (unsigned bin = from; bin < MK_BIN_COUNT; bin = (bin / 64 + 1) * 64) {
		uint64_t rest = bins->used[bin / 64] >> (bin % 64);

		if (rest != 0)
			return bin + (unsigned)__builtin_ctzll(rest);
	}
	return MK_BIN_COUNT;
}

struct mk_span *mk_bins_find(struct mk_bins *bins, size_t pages, bool exhaustive)
{
	size_t scan_count = exhaustive ? SIZE_MAX : SCAN_LIMIT;

	for (unsigned bin = next_used(bins, bin_of(pages)); bin < MK_BIN_COUNT;
	     bin = next_used(bins, bin + 1)) {
		struct mk_span *best = best_of(bins->bin[bin], pages, scan_count);

		if (best != NULL)
			return best;
	}
	return NULL;
}
