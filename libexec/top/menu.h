#ifndef HOSTKIT_LIBEXEC_TOP_MENU_H
#define HOSTKIT_LIBEXEC_TOP_MENU_H

#include "view.h"

/* Lists that something is chosen from: signals, fields to order by, users. */

/* How many lines the list of the view's mode has. */
long top_menu_count(const top_view *view);
/* Line @line of it. */
void top_menu_text(char *out, size_t capacity, const top_view *view, long line);
/* What the list is for. */
const char *top_menu_title(const top_view *view);

/* Open the list for @mode, at the line that is most likely meant. */
void top_menu_open(top_view *view, top_mode mode);
/* Do what the chosen line says, and go back to the table. */
void top_menu_choose(top_view *view);

#endif /* HOSTKIT_LIBEXEC_TOP_MENU_H */
