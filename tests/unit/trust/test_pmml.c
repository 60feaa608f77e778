/* tests/unit/trust/test_pmml.c - PMML documents: what they name beyond themselves. */
#include "container.h"
#include "trust/pmml.h"

/* After the example of a regression in PMML 4.4.1, "Regression". */
static const char head[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<PMML xmlns=\"http://www.dmg.org/PMML-4_4\" version=\"4.4\">\n"
    "<Header copyright=\"DMG.org\"/>\n"
    "<DataDictionary numberOfFields=\"2\">\n"
    "<DataField name=\"age\" optype=\"continuous\" dataType=\"double\"/>\n"
    "<DataField name=\"claims\" optype=\"continuous\" dataType=\"double\"/>\n"
    "</DataDictionary>\n";
static const char model[] =
    "<RegressionModel modelName=\"Sample\" functionName=\"regression\">\n"
    "<MiningSchema><MiningField name=\"age\"/><MiningField name=\"claims\" usageType=\"target\"/>\n"
    "</MiningSchema><RegressionTable intercept=\"132.37\">\n"
    "<NumericPredictor name=\"age\" exponent=\"1\" coefficient=\"7.1\"/></RegressionTable>\n"
    "</RegressionModel>\n</PMML>\n";

static void document_finds(const char *middle, enum verdict verdict, const char *rules)
{
    _cleanup_(buffer_clear) struct buffer data = {0};
    buffer_printf(&data, "%s%s%s", head, middle, model);
    finds("model.pmml", &data, verdict, rules);
}

static void a_model_is_safe(void **state)
{
    (void)state;
    document_finds("", VERDICT_SAFE, "");
    document_finds(
        "<TransformationDictionary><DefineFunction name=\"double\" optype=\"continuous\">"
        "<ParameterField name=\"x\"/><Apply function=\"*\"><FieldRef field=\"x\"/>"
        "<Constant>2</Constant></Apply></DefineFunction>"
        "<DerivedField name=\"d\" optype=\"continuous\" dataType=\"double\">"
        "<Apply function=\"double\"><FieldRef field=\"age\"/></Apply></DerivedField>"
        "</TransformationDictionary>",
        VERDICT_SAFE, "");
}

static void functions_that_are_classes_are_found(void **state)
{
    (void)state;
    document_finds("<Apply function=\"com.example.Run\"/>", VERDICT_UNKNOWN, "pmml/java-class");
    document_finds("<Apply function='launch'/>", VERDICT_UNKNOWN, "pmml/unknown-function");
    document_finds("<Apply function=\"&#109;ax\"/>", VERDICT_UNKNOWN, "pmml/unknown-function");
}

static void what_lies_outside_is_found(void **state)
{
    (void)state;
    document_finds("<TableLocator/>", VERDICT_UNKNOWN, "pmml/external-table");
    document_finds("<xi:include href=\"file:///etc/passwd\"/>", VERDICT_UNKNOWN,
                   "pmml/foreign-element");
}

static void entities_and_damage_are_found(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer data = {0};
    buffer_printf(&data, "<!DOCTYPE PMML [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n%s%s",
                  strchr(head, '\n') + 1, model);
    finds("model.pmml", &data, VERDICT_UNSAFE, "xml/entity pmml/malformed");
    document_finds("</DataDictionary>", VERDICT_UNREADABLE, "pmml/malformed");
}

static void no_beginning_of_a_document_is_safe(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer data = {0};
    buffer_printf(&data, "%s%s", head, model);
    survives("model.pmml", &data, 0);
    for (size_t cut = 60; cut < data.length - 1; cut++) {
        struct findings findings;
        assert_int_not_equal(VERDICT_SAFE, scan_with(NULL, "model.pmml", data.data, cut,
                                                     (struct scan_limits){0}, &findings));
        findings_clear(&findings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_safe),
        cmocka_unit_test(functions_that_are_classes_are_found),
        cmocka_unit_test(what_lies_outside_is_found),
        cmocka_unit_test(entities_and_damage_are_found),
        cmocka_unit_test(no_beginning_of_a_document_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
