/* lib/trust/zip_rules.c - what can be wrong with a zip archive. */
#include "trust/zip.h"

#define REPACK "have the file saved again by the library that made it"
#define SUSPECT "do not load this file; find out who made it"

#define RULE(variable, id, ...) DEFINE_RULE(zip_rule_##variable, "zip/" id, __VA_ARGS__)

RULE(ambiguous, "ambiguous", HIGH, UNSAFE, "readers would find different archives in this file",
     SUSPECT);
RULE(end, "no-directory", MEDIUM, UNREADABLE, "the central directory is not where it should be",
     REPACK);
RULE(wide, "zip64-disagreement", HIGH, UNSAFE, "the zip64 records say other than the plain ones",
     SUSPECT);
RULE(disks, "several-disks", MEDIUM, UNREADABLE, "the archive is part of one on several disks",
     REPACK);
RULE(directory, "directory-damaged", HIGH, UNREADABLE, "the central directory cannot be followed",
     REPACK);
RULE(limit, "too-large-directory", MEDIUM, UNREADABLE,
     "the central directory is larger than is read", "unpack the file by hand and scan that");
RULE(disagreement, "disagreement", HIGH, UNSAFE,
     "a local header and the central directory say different things", SUSPECT);
RULE(field, "odd-field", LOW, UNKNOWN, "a header has a field that its twin has otherwise", REPACK);
RULE(no_local, "no-local-header", HIGH, UNREADABLE, "an entry leads to no local header", REPACK);
RULE(flags, "odd-flags", HIGH, UNSAFE, "a member has flag bits that no library sets", SUSPECT);
RULE(encrypted, "encrypted", HIGH, UNREADABLE, "a member is encrypted",
     "have it saved without a password, or do not load it");
RULE(false_encryption, "false-encryption", HIGH, UNSAFE,
     "a member is marked as encrypted, and is not", SUSPECT);
RULE(method, "unknown-method", MEDIUM, UNREADABLE,
     "a member is compressed by a method that is not known here", REPACK);
RULE(descriptor, "data-descriptor", MEDIUM, UNREADABLE,
     "a data descriptor is missing or says other than the directory", REPACK);
RULE(extra, "extra-field", HIGH, UNSAFE,
     "an extra field is malformed or says other than the header", SUSPECT);
RULE(unknown_extra, "unknown-extra-field", LOW, UNKNOWN,
     "an extra field is of a kind that is not known here", REPACK);
RULE(duplicate, "duplicate-name", HIGH, UNSAFE, "two members have the same name", SUSPECT);
RULE(similar, "similar-names", MEDIUM, UNKNOWN,
     "two members have names that are the same on some systems", SUSPECT);
RULE(path, "path", HIGH, UNSAFE, "a member's name leads out of the folder it is unpacked to",
     "do not unpack this file");
RULE(name_encoding, "name-encoding", LOW, UNKNOWN, "a member's name is not UTF-8", REPACK);
RULE(link, "link", HIGH, UNSAFE, "a member is a link or a special file", "do not unpack this file");
RULE(overlap, "overlap", HIGH, UNSAFE, "parts of the archive share bytes", SUSPECT);
RULE(prefix, "prefix", HIGH, UNSAFE, "bytes stand before the archive", SUSPECT);
RULE(unexplained, "unexplained-bytes", HIGH, UNSAFE,
     "bytes between the parts of the archive belong to none of them", SUSPECT);
RULE(hidden, "hidden-member", HIGH, UNSAFE,
     "a member has a local header and is not in the central directory", SUSPECT);
RULE(trailing, "trailing-bytes", HIGH, UNSAFE, "bytes follow the end of the archive", SUSPECT);
RULE(crc, "checksum", HIGH, UNREADABLE, "a member's checksum is wrong",
     "fetch the file again; if it stays so, do not load it");
RULE(size, "size", HIGH, UNSAFE, "a member's content is of another size than its headers say",
     SUSPECT);
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "a member's compressed data is damaged",
     "fetch the file again");
RULE(truncated, "truncated", MEDIUM, UNREADABLE, "a member ends beyond the end of the file",
     "fetch the file again");
RULE(comment, "truncated-comment", MEDIUM, UNREADABLE,
     "the comment of the archive ends beyond the end of the file", "fetch the file again");
RULE(folder, "folder-with-content", HIGH, UNSAFE, "a folder of the archive has content", SUSPECT);
