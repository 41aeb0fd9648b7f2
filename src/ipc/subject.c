/*
 * Subjects are names of what a message is about, such as "cpu.0.load": tokens
 * between dots, the grammar of NATS, so that a bridge has nothing to translate.
 * In a pattern "*" stands for exactly one token and ">", at the end, for one or
 * more.
 *
 * One thing is stricter than there: "*" and ">" inside a longer token are
 * refused, because "cpu*" is always meant as a wildcard and never works as one.
 */
#include "ipc/subject.h"

#include <errno.h>
#include <string.h>
#include "base/utf8.h"

static bool is_wildcard(const char *token)
{
	return (token[0] == '*' || token[0] == '>') && token[1] == '\0';
}

/* White space and control characters would break lines, logs and the protocol of NATS. */
static bool token_is_clean(const char *token)
{
	for (; *token != '\0'; token++)
		if ((unsigned char) *token <= ' ' || *token == 0x7f || *token == '*' ||
		    *token == '>')
			return false;
	return true;
}

static int check_tokens(const hki_subject_tokens *tokens, bool wildcards)
{
	for (size_t i = 0; i < tokens->count; i++) {
		const char *token = tokens->token[i];

		if (token[0] == '\0')
			return -EINVAL;
		if (!is_wildcard(token)) {
			if (!token_is_clean(token))
				return -EINVAL;
			continue;
		}
		if (!wildcards || (token[0] == '>' && i + 1 < tokens->count))
			return -EINVAL;
	}
	return 0;
}

int hki_subject_cut(
    hki_subject_tokens *out, const char *text, size_t length, bool wildcards)
{
	if (length > HK_IPC_SUBJECT_MAX)
		return -ENAMETOOLONG;
	if (length == 0 || memchr(text, '\0', length) != NULL ||
	    !hki_utf8_valid(text, length))
		return -EINVAL;
	memcpy(out->text, text, length);
	out->text[length] = '\0';

	out->count = 0;
	for (char *at = out->text; at != NULL;) {
		char *dot = strchr(at, '.');

		if (out->count == HK_IPC_SUBJECT_TOKENS_MAX)
			return -ENAMETOOLONG;
		out->token[out->count++] = at;
		if (dot != NULL)
			*dot++ = '\0';
		at = dot;
	}
	return check_tokens(out, wildcards);
}

int hk_ipc_subject_check(const char *subject)
{
	hki_subject_tokens tokens;

	if (subject == NULL)
		return -EINVAL;
	return hki_subject_cut(&tokens, subject, strlen(subject), false);
}

int hk_ipc_pattern_check(const char *pattern)
{
	hki_subject_tokens tokens;

	if (pattern == NULL)
		return -EINVAL;
	return hki_subject_cut(&tokens, pattern, strlen(pattern), true);
}

bool hk_ipc_subject_matches(const char *pattern, const char *subject)
{
	hki_subject_tokens wanted;
	hki_subject_tokens given;

	if (pattern == NULL || subject == NULL ||
	    hki_subject_cut(&wanted, pattern, strlen(pattern), true) < 0 ||
	    hki_subject_cut(&given, subject, strlen(subject), false) < 0)
		return false;
	for (size_t i = 0; i < wanted.count; i++) {
		if (i >= given.count)
			return false;
		if (wanted.token[i][0] == '>')
			return true;
		if (wanted.token[i][0] != '*' &&
		    strcmp(wanted.token[i], given.token[i]) != 0)
			return false;
	}
	return wanted.count == given.count;
}
