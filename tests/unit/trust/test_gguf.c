/* tests/unit/trust/test_gguf.c - GGUF files by hand (ggml/docs/gguf.md), and chat templates. */
#include "container.h"
#include "trust/gguf.h"

static void add_text(struct buffer *out, const char *text)
{
    add64(out, strlen(text));
    buffer_puts(out, text);
}

static void begin(struct buffer *out, uint64_t tensors, uint64_t keys)
{
    buffer_puts(out, "GGUF");
    add32(out, 3);
    add64(out, tensors);
    add64(out, keys);
}

static void add_string(struct buffer *out, const char *key, const char *value)
{
    add_text(out, key);
    add32(out, 8);
    add_text(out, value);
}

static void add_u32(struct buffer *out, const char *key, uint32_t value)
{
    add_text(out, key);
    add32(out, 4);
    add32(out, value);
}

static void add_tensor(struct buffer *out, const char *name, uint64_t elements, uint32_t type,
                       uint64_t offset)
{
    add_text(out, name);
    add32(out, 1);
    add64(out, elements);
    add32(out, type);
    add64(out, offset);
}

static void pad_to(struct buffer *out, size_t alignment)
{
    while (out->length % alignment)
        buffer_putc(out, '\0');
}

static void add_numbers(struct buffer *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        buffer_putc(out, (char)(i + 1));
}

/* Two tensors of 12 and 64 bytes, keys of several kinds. */
static void add_model(struct buffer *out)
{
    begin(out, 2, 4);
    add_string(out, "general.architecture", "llama");
    add_u32(out, "llama.block_count", 1);
    add_text(out, "tokenizer.ggml.tokens");
    add32(out, 9);
    add32(out, 8);
    add64(out, 2);
    add_text(out, "<s>");
    add_text(out, "</s>");
    add_text(out, "tokenizer.ggml.scores");
    add32(out, 9);
    add32(out, 6);
    add64(out, 2);
    add64(out, 0);
    add_tensor(out, "a.weight", 3, 0, 0);
    add_tensor(out, "b.weight", 32, 1, 32);
    pad_to(out, 32);
    add_numbers(out, 12);
    pad_to(out, 32);
    add_numbers(out, 64);
}

static void a_plain_model_is_safe(void **state)
{
    struct buffer data = {0};
    (void)state;
    add_model(&data);
    finds("m.gguf", &data, VERDICT_SAFE, "");
    finds("m.bin", &data, VERDICT_SAFE, "");
    finds("m.csv", &data, VERDICT_UNKNOWN, "scan/name-mismatch");
    survives("m.gguf", &data, data.length);
    data.data[data.length - 64 - 5] = 'x'; /* between the tensors */
    finds("m.gguf", &data, VERDICT_UNSAFE, "gguf/trailing-bytes");
    buffer_clear(&data);
}

static void what_follows_the_tensors_is_found(void **state)
{
    struct buffer data = {0};
    (void)state;
    add_model(&data);
    buffer_puts(&data, "hidden");
    finds("m.gguf", &data, VERDICT_UNSAFE, "gguf/trailing-bytes");
    buffer_clear(&data);
}

static void one_model(const char *name, uint64_t elements, uint32_t type, uint64_t offset,
                      size_t bytes, enum verdict verdict, const char *rules)
{
    struct buffer data = {0};
    begin(&data, 1, 0);
    add_tensor(&data, name, elements, type, offset);
    pad_to(&data, 32);
    add_numbers(&data, bytes);
    finds("m.gguf", &data, verdict, rules);
    buffer_clear(&data);
}

static void tensors_must_fit_the_file(void **state)
{
    (void)state;
    one_model("a", 64, 2, 0, 36, VERDICT_SAFE, "");
    one_model("a", 3, 0, 0, 11, VERDICT_UNREADABLE, "gguf/truncated");
    one_model("a", 3, 0, 32, 44, VERDICT_UNSAFE, "gguf/tensor-place");
    one_model("a", 33, 2, 0, 36, VERDICT_UNREADABLE, "gguf/tensor");
    one_model("a", 3, 4, 0, 12, VERDICT_UNREADABLE, "gguf/tensor"); /* Q4_2 is gone */
    one_model("a", UINT64_MAX, 0, 0, 12, VERDICT_UNREADABLE, "gguf/tensor");
    one_model("a", UINT64_MAX / 8, 0, 0, 12, VERDICT_UNREADABLE, "gguf/truncated");
    one_model("a", 3, 0, UINT64_MAX - 3, 12, VERDICT_UNREADABLE, "gguf/tensor");
    one_model("0123456789012345678901234567890123456789012345678901234567890123", 3, 0, 0, 12,
              VERDICT_UNREADABLE, "gguf/header");
}

static void headers_are_bounded(void **state)
{
    static const struct {
        uint32_t version;
        uint64_t tensors, keys;
        const char *rule;
    } cases[] = {{1, 0, 0, "gguf/header"},          {4, 0, 0, "gguf/header"},
                 {0x03000000, 0, 0, "gguf/header"}, {3, 0, 1, "gguf/truncated"},
                 {3, 1, 0, "gguf/truncated"},       {3, UINT64_MAX, 0, "gguf/limit"},
                 {3, 0, UINT64_MAX, "gguf/limit"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer data = {0};
        buffer_puts(&data, "GGUF");
        add32(&data, cases[i].version);
        add64(&data, cases[i].tensors);
        add64(&data, cases[i].keys);
        finds("m.gguf", &data, VERDICT_UNREADABLE, cases[i].rule);
        buffer_clear(&data);
    }
}

static void values_are_bounded(void **state)
{
    struct buffer data = {0};
    (void)state;
    begin(&data, 0, 2);
    add_u32(&data, "a", 1);
    add_u32(&data, "a", 2);
    finds("m.gguf", &data, VERDICT_UNSAFE, "gguf/duplicate");
    buffer_reset(&data);
    begin(&data, 0, 1);
    add_u32(&data, "general.alignment", 3);
    finds("m.gguf", &data, VERDICT_UNREADABLE, "gguf/header");
    buffer_reset(&data);
    begin(&data, 0, 1);
    add_text(&data, "a");
    add32(&data, 9);
    add32(&data, 9);
    add64(&data, 1);
    finds("m.gguf", &data, VERDICT_UNREADABLE, "gguf/header"); /* an array of arrays */
    buffer_reset(&data);
    begin(&data, 0, 1);
    add_text(&data, "a");
    add32(&data, 9);
    add32(&data, 10);
    add64(&data, UINT64_MAX / 4);
    finds("m.gguf", &data, VERDICT_UNREADABLE, "gguf/truncated");
    buffer_reset(&data);
    begin(&data, 0, 1);
    add_text(&data, "a");
    add32(&data, 8);
    add64(&data, UINT64_MAX);
    finds("m.gguf", &data, VERDICT_UNREADABLE, "gguf/truncated");
    buffer_clear(&data);
}

static void template_is(const char *template, const char *rule)
{
    struct buffer data = {0};
    begin(&data, 0, 1);
    add_string(&data, "tokenizer.chat_template", template);
    pad_to(&data, 32);
    finds("m.gguf", &data, rule ? VERDICT_UNSAFE : VERDICT_SAFE, rule ? rule : "");
    buffer_clear(&data);
}

/* In the manner of the templates that models have. */
static void templates_of_models_are_safe(void **state)
{
    (void)state;
    template_is("{% for m in messages %}<|im_start|>{{ m['role'] + '\\n' + m.content }}"
                "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
                "{% endif %}",
                NULL);
    template_is("{{- bos_token }}{%- if custom_tools is defined %}{%- set tools = custom_tools %}"
                "{%- endif %}{%- set ns = namespace(found=false) %}{%- for m in messages %}"
                "{%- if m.role == 'system' and not ns.found %}{%- set ns.found = true %}{{ "
                "m['content'] | trim }}{%- endif %}{%- endfor %}{{ tools | tojson(indent=4) }}",
                NULL);
    template_is("{% if messages | selectattr('role', 'equalto', 'system') | list | length > 1 %}"
                "{{ raise_exception('Only one system message; not {{ two }}') }}{% endif %}"
                "{{ name.replace('_', ' ') ~ \"\\u2581\" }}{# import os, __class__ #}",
                NULL);
    template_is("{%- for k, v in self_attention.items() %}{{ loop.index0 }}{{ '_' ~ k }}"
                "{%- endfor %}{{ strftime_now('%d %b %Y') }}",
                "jinja/obscured"); /* no model's: underscores are put before names */
    template_is("plain words { \"json\": {\"a\": 1} }", NULL);
}

static void templates_that_reach_into_python_are_unsafe(void **state)
{
    (void)state;
    template_is("{{ ''.__class__.__mro__ }}", "jinja/internals");
    template_is("{{ ''['__class__'] }}", "jinja/internals");
    template_is("{{ ''|attr('x') }}", "jinja/internals");
    template_is("{{ cycler.__init__.__globals__.os.popen('id').read() }}", "jinja/internals");
    template_is("{{ lipsum.a }}", "jinja/internals");
    template_is("{{ self._TemplateReference__context }}", "jinja/internals");
    template_is("{{ os.popen('id') }}", "jinja/internals");
    template_is("{{ x.gi_frame }}", "jinja/internals");
    template_is("{% set a = namespace.x.mro() %}", "jinja/internals");
    template_is("{{ x['\\x5f\\x5fclass\\x5f\\x5f'] }}", "jinja/obscured");
    template_is("{{ x['\\u005f\\u005fclass'] }}", "jinja/obscured");
    template_is("{{ x['_' * 2 + 'class'] }}", "jinja/obscured");
    template_is("{{ x['%c%c'|format(95, 95)] }}", "jinja/obscured");
    template_is("{{ '{0.__class__}'.format(x) }}", "jinja/internals");
    template_is("{% include '/etc/passwd' %}", "jinja/load");
    template_is("{%- import 'a' as b %}", "jinja/load");
    template_is("{{ '}}'.__class__ }}", "jinja/internals");
}

static void a_template_that_does_not_end_is_not_safe(void **state)
{
    struct buffer data = {0};
    (void)state;
    begin(&data, 0, 1);
    add_string(&data, "tokenizer.chat_template.tool_use", "{{ 'a");
    pad_to(&data, 32);
    finds("m.gguf", &data, VERDICT_UNREADABLE, "jinja/damaged");
    buffer_clear(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_model_is_safe),
        cmocka_unit_test(what_follows_the_tensors_is_found),
        cmocka_unit_test(tensors_must_fit_the_file),
        cmocka_unit_test(headers_are_bounded),
        cmocka_unit_test(values_are_bounded),
        cmocka_unit_test(templates_of_models_are_safe),
        cmocka_unit_test(templates_that_reach_into_python_are_unsafe),
        cmocka_unit_test(a_template_that_does_not_end_is_not_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
