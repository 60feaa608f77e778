/* lib/table/show.h - cells made fit for messages: short, valid UTF-8, no control characters. */
#ifndef TABLE_SHOW_H
#define TABLE_SHOW_H
#include "table/table.h"

#define CELL_SHOWN_BYTES 40 /* of the cell; longer ones end in "..." */
#define CELL_SHOWN_SIZE (CELL_SHOWN_BYTES + 4)

/* Every byte that is no UTF-8 or a control character becomes '?'. */
void cell_show(struct text_view cell, char shown[CELL_SHOWN_SIZE]);

#endif
