/* lib/table/missing.c - words for missing values. */
#include "table/missing.h"

static const char *const names[MISSING_CODES] = {
    [MISSING_EMPTY] = "empty",
    [MISSING_NULL] = "null",
    [MISSING_ABSENT] = "absent",
    [MISSING_WORDS] = "NA",
    "N/A",
    "NaN",
    "nan",
    "NULL",
    "Null",
    "None",
    "n/a",
    "<NA>",
    "#N/A",
    "#NA",
    "-NaN",
    "-nan",
    "NaT",
};

uint8_t cell_missing_short(struct text_view cell)
{
    if (cell.length == 0)
        return MISSING_EMPTY;
    char first = cell.data[0];
    if (cell.length < 2 ||
        (first != 'N' && first != 'n' && first != '<' && first != '#' && first != '-'))
        return MISSING_NOT; /* nearly every cell */
    if (cell.length == 4 && memcmp(cell.data, "null", 4) == 0)
        return MISSING_NULL;
    for (uint8_t i = MISSING_WORDS; i < MISSING_CODES && names[i]; i++)
        if (strlen(names[i]) == cell.length && memcmp(cell.data, names[i], cell.length) == 0)
            return i;
    return MISSING_NOT;
}

const char *missing_name(uint8_t code)
{
    return code < MISSING_CODES ? names[code] : NULL;
}
