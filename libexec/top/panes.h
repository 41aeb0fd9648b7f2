#ifndef HOSTKIT_LIBEXEC_TOP_PANES_H
#define HOSTKIT_LIBEXEC_TOP_PANES_H

#include "view.h"

/* Each draws its part of the screen, and nothing where its area is empty. */
void top_draw_title(const top_view *view);
void top_draw_processors(const top_view *view);
void top_draw_meters(const top_view *view);
void top_draw_pressure(const top_view *view);
void top_draw_traffic(const top_view *view);
void top_draw_graph(const top_view *view);
void top_draw_detail(const top_view *view);
void top_draw_table(const top_view *view);
void top_draw_status(const top_view *view);
void top_draw_help(const top_view *view);
/* The list that something is chosen from, over the table. */
void top_draw_menu(const top_view *view);

/* All of it. */
void top_draw(const top_view *view);

#endif /* HOSTKIT_LIBEXEC_TOP_PANES_H */
