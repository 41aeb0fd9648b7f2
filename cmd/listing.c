/*
 * The common options of listing verbs, turned into a table.
 */
#include "listing.h"
#include "output/table.h"

static cmd_table_opts wanted(const cmd_call *call, const char *columns)
{
	const char *chosen = cmd_call_value(call, CMD_LISTING_COLUMNS);

	return (cmd_table_opts){
		.columns = chosen != NULL ? chosen : columns,
		.sort = cmd_call_value(call, CMD_LISTING_SORT),
		.no_header = cmd_call_value(call, CMD_LISTING_NO_HEADER) != NULL,
	};
}

int cmd_listing_check(const cmd_call *call, const hk_record_type *type)
{
	cmd_table_opts opts = wanted(call, NULL);

	return cmd_table_check(&call->output, &opts, type);
}

int cmd_listing_print(const cmd_call *call, const char *columns,
    const hk_record_type *type, const void *records, size_t count)
{
	cmd_table_opts opts = wanted(call, columns);

	return cmd_table_print(&call->output, stdout, &opts, type, records, count);
}
