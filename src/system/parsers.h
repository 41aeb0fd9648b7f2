#ifndef HKI_SYSTEM_PARSERS_H
#define HKI_SYSTEM_PARSERS_H

#include <hostkit/system_records.h>
#include "system/scan.h"

/*
 * The parsers of small files: text in, record out, nothing else touched, so that
 * tests and fuzzers feed them hosts that this machine is not.  Each returns 0, or
 * HK_EPARSE when the text is none of its kind; what a line lacks stays absent.
 */
int hki_load_parse(hk_system_load *out, hki_scan text);     /* /proc/loadavg */
int hki_memory_parse(hk_system_memory *out, hki_scan text); /* /proc/meminfo */
int hki_vmstat_parse(hk_system_vmstat *out, hki_scan text, uint64_t page_bytes);
int hki_pressure_parse(hk_system_stalls *out, hki_scan text); /* /proc/pressure/… */

/* /proc/net/sockstat and sockstat6, then /proc/net/snmp and netstat: each adds to @out. */
void hki_sockstat_parse(hk_system_sockets *out, hki_scan text, uint64_t page_bytes);
void hki_snmp_parse(hk_system_sockets *out, hki_scan text);

#endif /* HKI_SYSTEM_PARSERS_H */
