/* lib/trust/notebook.h - Jupyter notebooks: code to be run, and what it once put out. Format:
 * nbformat 3 and 4 (nbformat.readthedocs.io, "The notebook file format"). */
#ifndef TRUST_NOTEBOOK_H
#define TRUST_NOTEBOOK_H
#include "trust/json_scan.h"

extern const struct json_flavour json_notebook;

#endif
