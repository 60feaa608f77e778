/*
 * lib/registry/access_rules.c - what each role may do to each table, for PostgreSQL to enforce
 * whichever client asks. What no rule allows is refused. Rows: https://www.postgresql.org/docs/15/
 * ddl-rowsecurity.html; who owns the tables is above the rules, but not above the triggers.
 *
 * The log is appended to and never changed. What an author may append are entries of an author's
 * actions: an entry's text, which is the truth, must say the same action as its column, first and
 * once (canonical JSON has its members in order, and "action" is the first).
 */
#include "registry/access_rules.h"
#include <stddef.h>

#define TRIGGER_FUNCTION " RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS "
#define REFUSE(text) "RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = " text
#define HONEST_ENTRY                                                                               \
    "starts_with(entry, '{\"action\":\"' || action || '\",') AND (SELECT count(*) = "              \
    "count(DISTINCT key) FROM json_object_keys(entry::json) AS key)"
#define AUTHORS_ACTIONS                                                                            \
    "'register', 'test', 'scan', 'evidence', 'sign', 'approve', 'withdraw', 'tag', 'untag'"
#define RELEASERS_ACTIONS                                                                          \
    "'promote', 'rollback', 'freeze', 'unfreeze', 'retire', 'delete', 'restore', "                 \
    "'data-add', 'data-remove', 'alert', 'resolve', 'rule', 'unrule', 'silence', "                 \
    "'unsilence', 'trigger', 'retrain', 'retrained', 'series', 'unseries'"

const char *const access_rules[] = {
    /* ---- grants: which tables at all ---- */
    "GRANT @reader TO @author",
    "GRANT @author TO @releaser",
    "GRANT @releaser TO @admin",
    "GRANT @reader, @author, @releaser TO @admin WITH ADMIN OPTION",
    "GRANT USAGE ON SCHEMA @schema TO @reader",
    "GRANT SELECT ON ALL TABLES IN SCHEMA @schema TO @reader",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA @schema GRANT SELECT ON TABLES TO @reader",

    "GRANT INSERT ON model, version, bundle, fact, evidence, kept, audit, audit_node, meta, tag "
    "TO @author",
    "GRANT UPDATE (last_number) ON model TO @author",
    "GRANT UPDATE (packaged_ns) ON bundle TO @author",
    "GRANT UPDATE (value) ON meta, tag TO @author",
    "GRANT UPDATE (purged_ns) ON trash TO @author", /* packaging again brings the files back */
    "GRANT UPDATE (released_ns) ON retired TO @author",
    "GRANT DELETE ON tag, condemned TO @author", /* a pack that is needed is not removed */

    /* whoever changes something lays out for webhooks what there is to tell, and tells it */
    "GRANT INSERT, UPDATE (due_ns, attempts, last_error), DELETE ON outbox TO @author",

    "GRANT INSERT, UPDATE, DELETE ON stage_entry, trash, retired TO @releaser",
    "GRANT DELETE ON version, fact TO @releaser",
    /* what judges versions is not their author's to say: hold-out data, and what production did */
    "GRANT INSERT, DELETE ON evaluation TO @releaser",
    "GRANT INSERT, UPDATE, DELETE ON monitor_model, monitor_group, monitor_window, "
    "monitor_roster, monitor_label, monitor_pending, monitor_segment, monitor_rule, monitor_alert, "
    "monitor_silence, monitor_series, retrain_trigger, retrain_run TO @releaser",

    "GRANT INSERT ON policy TO @admin",
    "GRANT INSERT, DELETE ON webhook TO @admin",
    "GRANT INSERT, UPDATE ON condemned TO @admin",
    "GRANT DELETE ON bundle, kept TO @admin",

    /* ---- the log: which rows, and never another time ---- */
    "ALTER TABLE audit ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS reader ON audit",
    "CREATE POLICY reader ON audit FOR SELECT TO @reader USING (true)",
    "DROP POLICY IF EXISTS author ON audit",
    "CREATE POLICY author ON audit FOR INSERT TO @author WITH CHECK (action IN (" AUTHORS_ACTIONS
    ") AND " HONEST_ENTRY ")",
    "DROP POLICY IF EXISTS releaser ON audit",
    "CREATE POLICY releaser ON audit FOR INSERT TO @releaser WITH CHECK (action IN "
    "(" RELEASERS_ACTIONS ") AND " HONEST_ENTRY ")",
    "DROP POLICY IF EXISTS admin ON audit",
    "CREATE POLICY admin ON audit FOR INSERT TO @admin WITH CHECK (" HONEST_ENTRY ")",

    "CREATE OR REPLACE FUNCTION only_appended()" TRIGGER_FUNCTION
    "$body$ BEGIN " REFUSE("format('rows of %s are only appended', TG_TABLE_NAME)") "; END $body$",
    "DROP TRIGGER IF EXISTS only_appended ON audit",
    "CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION only_appended()",
    "DROP TRIGGER IF EXISTS only_appended ON audit_node",
    "CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_node "
    "FOR EACH STATEMENT EXECUTE FUNCTION only_appended()",
    "DROP TRIGGER IF EXISTS only_appended ON policy",
    "CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON policy "
    "FOR EACH STATEMENT EXECUTE FUNCTION only_appended()",

    "CREATE OR REPLACE FUNCTION next_position()" TRIGGER_FUNCTION
    "$body$ BEGIN IF NEW.position <> (SELECT coalesce(max(position) + 1, 0) FROM audit) "
    "THEN " REFUSE("'the position is not the next of the log'") "; END IF; RETURN NEW; END $body$",
    "DROP TRIGGER IF EXISTS next_position ON audit",
    "CREATE TRIGGER next_position BEFORE INSERT ON audit "
    "FOR EACH ROW EXECUTE FUNCTION next_position()",

    /* ---- numbers of versions: each once, in order ---- */
    "CREATE OR REPLACE FUNCTION next_number()" TRIGGER_FUNCTION
    "$body$ BEGIN IF NEW.last_number <> (CASE TG_OP WHEN 'INSERT' THEN 1 "
    "ELSE OLD.last_number + 1 END) THEN " REFUSE(
        "'the number is not the next of the model'") "; END IF; RETURN NEW; END $body$",
    "DROP TRIGGER IF EXISTS next_number ON model",
    "CREATE TRIGGER next_number BEFORE INSERT OR UPDATE ON model "
    "FOR EACH ROW EXECUTE FUNCTION next_number()",
    "ALTER TABLE version ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS reader ON version",
    "CREATE POLICY reader ON version FOR SELECT TO @reader USING (true)",
    "DROP POLICY IF EXISTS author ON version",
    "CREATE POLICY author ON version FOR INSERT TO @author WITH CHECK (number = "
    "(SELECT last_number FROM model WHERE model.name = version.model))",
    "DROP POLICY IF EXISTS releaser ON version", /* out of the trash and into it */
    "CREATE POLICY releaser ON version FOR ALL TO @releaser USING (true)",

    /* ---- what the registry is ---- */
    "ALTER TABLE meta ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS reader ON meta",
    "CREATE POLICY reader ON meta FOR SELECT TO @reader USING (true)",
    "DROP POLICY IF EXISTS author ON meta",
    "CREATE POLICY author ON meta FOR INSERT TO @author WITH CHECK (key = 'checkpoint')",
    "DROP POLICY IF EXISTS author_again ON meta",
    "CREATE POLICY author_again ON meta FOR UPDATE TO @author USING (key = 'checkpoint')",
    "DROP POLICY IF EXISTS admin ON meta",
    "CREATE POLICY admin ON meta FOR ALL TO @admin USING (key IN ('checkpoint', 'gc'))",
    NULL,
};
