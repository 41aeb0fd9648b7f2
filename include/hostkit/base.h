#ifndef HOSTKIT_BASE_H
#define HOSTKIT_BASE_H

/*
 * What every other header may use: export and attribute macros, and nothing
 * else.  This header declares no types and includes nothing.
 */

#if defined(__GNUC__)
#define HK_API      __attribute__((visibility("default")))
#define HK_MUST_USE __attribute__((warn_unused_result))
#define HK_PRINTF(format_index, first_argument)                                          \
	__attribute__((format(printf, format_index, first_argument)))
#else
#define HK_API
#define HK_MUST_USE
#define HK_PRINTF(format_index, first_argument)
#endif

#if defined(__cplusplus)
#define HK_BEGIN extern "C" {
#define HK_END   }
#else
#define HK_BEGIN
#define HK_END
#endif

#endif /* HOSTKIT_BASE_H */
