/* lib/trust/npy.c - what a numpy file says in its header, and what follows it. */
#include "trust/npy.h"
#include "base/endian.h"
#include "trust/pickle.h"

#define DO_NOT_LOAD "do not load this file with allow_pickle; find out who made it"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "npy/" id, __VA_ARGS__)

RULE(header, "header", MEDIUM, UNREADABLE, "the header is not one that numpy writes",
     "have it saved again by numpy.save");
RULE(size, "size", MEDIUM, UNREADABLE, "the array's bytes are not as many as its header says",
     "have it saved again by numpy.save");
RULE(pickle, "pickle", INFO, SAFE, "the array holds Python objects, as a pickle",
     "load it only where its findings allow that");
RULE(trailing, "trailing-bytes", MEDIUM, UNREADABLE, "bytes follow the array", DO_NOT_LOAD);

static int read_header(struct source *source, const char *file, struct npy_header *header,
                       bool *good, struct findings *findings, struct mlops_error *err)
{
    uint8_t start[12] = {0};
    size_t got;
    const char *why = NULL;
    *good = false;
    TRY(source_read(source, 0, start, sizeof(start), &got, err));
    bool known = got == sizeof(start) && npy_version_known(start);
    uint64_t prefix = npy_prefix(start), length = npy_header_length(start);
    if (!known || length > NPY_HEADER_MAX || prefix + length > source->size) {
        findings_add(findings, &rule_header, file, 0, "its header is %s",
                     known ? "cut off or too long" : "of a version that numpy does not have");
        return MLOPS_OK;
    }
    _cleanup_(free_string) char *text = xmalloc(length + 1);
    TRY(source->read(source, prefix, text, length, err));
    *good = npy_parse_header(text, length, header, NULL, &why);
    header->data_offset = prefix + length;
    if (!*good)
        findings_add(findings, &rule_header, file, prefix, "its header %s", why);
    return MLOPS_OK;
}

int npy_scan(struct source *source, const char *file, struct findings *findings,
             struct mlops_error *err)
{
    struct npy_header header = {0};
    struct pickle_summary summary;
    uint64_t length;
    bool good;
    TRY(read_header(source, file, &header, &good, findings, err));
    if (!good)
        return MLOPS_OK;
    uint64_t left = source->size - header.data_offset;
    if (header.objects) {
        findings_add(findings, &rule_pickle, file, header.data_offset,
                     "the array holds Python objects, as a pickle");
        TRY(pickle_scan(source, header.data_offset, file, findings, &summary, err));
        if (summary.pickles > 1)
            findings_add(findings, &rule_trailing, file, header.data_offset,
                         "%zu pickles follow the header, of which numpy loads one",
                         summary.pickles);
        return MLOPS_OK;
    }
    if (__builtin_mul_overflow(header.items, header.item_width, &length) || length > left) {
        findings_add(findings, &rule_size, file, header.data_offset,
                     "the array needs more than the %llu bytes that are there",
                     (unsigned long long)left);
    } else if (length < left) {
        findings_add(findings, &rule_trailing, file, header.data_offset + length,
                     "%llu bytes follow the array", (unsigned long long)(left - length));
        /* Loaders that do not look at the name take what begins like a pickle for one. */
        TRY(pickle_scan(source, header.data_offset + length, file, findings, &summary, err));
    }
    return MLOPS_OK;
}
