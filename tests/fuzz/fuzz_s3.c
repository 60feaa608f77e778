/* tests/fuzz/fuzz_s3.c - answers of an S3 server, addresses and AWS profiles, of any bytes. */
#include "store/aws_profile.h"
#include "store/s3_config.h"
#include "store/s3_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *inner;
    size_t at = 0, length;
    struct mlops_error err = {0};
    struct s3_config config;
    while (xml_next(text, size, "Contents", &at, &inner, &length))
        free(xml_text(inner, length, "Key"));
    free(xml_text(text, size, "Code"));
    free(ini_value(text, size, "default", "region"));
    char *address = xstrndup(text, size);
    if (s3_config_parse(address, &config, &err) == MLOPS_OK)
        s3_config_clear(&config);
    free(address);
    return 0;
}
