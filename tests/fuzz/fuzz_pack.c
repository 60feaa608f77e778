/* tests/fuzz/fuzz_pack.c - no bytes break the reading of a pack's tail or of a recipe; entries that
 * are taken lie within the pack. */
#include "base/buffer.h"
#include "store/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pack_footer footer;
    if (recipe_check(data, size))
        for (size_t i = 0; i < recipe_count(size); i++) {
            struct recipe_entry entry;
            recipe_entry_decode(data, i, &entry);
        }
    if (size < PACK_FOOTER_SIZE)
        return 0;
    if (!pack_footer_decode(data + size - PACK_FOOTER_SIZE, size, &footer))
        return 0;
    const uint8_t *block = data + footer.index_offset;
    size_t length = size - PACK_FOOTER_SIZE - footer.index_offset;
    (void)pack_index_valid(block, length, &footer);
    for (size_t i = 0; i < footer.count; i++) { /* as if the checksum were right */
        struct record record;
        if (pack_index_entry(block, i, &footer, &record) &&
            record.offset + RECORD_HEADER_SIZE + record.stored > footer.index_offset)
            abort();
    }
    return 0;
}
