/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the scenarios share, and their functions for the table in scenario.c. Each ends
 * with a calm: the network is made perfect, and whatever was going on must come to an
 * end in which both have the same pair.
 */
#ifndef IPSVTI_IKE_SCENARIO_H
#define IPSVTI_IKE_SCENARIO_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* Makes the network perfect, and waits until all that goes on must be over. */
void calm(struct sim *sim);
/* The same, and then both must have the same pair. */
void converge(struct sim *sim);
/* Starts both; most of the time their hosts send packets. */
void start_both(struct sim *sim);
/* Every third time there are two tunnels with one IKE SA. */
void share_perhaps(struct sim *sim);
/* Starts both on a perfect network, then makes it bad. */
void establish(struct sim *sim, uint32_t drop_max);
/* An action for sim_later(): @arg is twice the command, plus the node. */
void command(struct sim *sim, unsigned int arg);
/* Gives a command at some time within so many milliseconds. */
void command_in(struct sim *sim, uint32_t ms, unsigned int node,
		enum ike_command cmd);
/* One of several proposals; each end's suite is made of two. */
void random_suite(struct sim *sim, enum ike_suite_kind kind,
		  const char *const *texts, unsigned int n);
/* Packets that found no outbound SA. */
uint64_t without_sa(const struct sim *sim);
/* Nobody was taken for dead, so there was always a pair to send by. */
void carried(struct sim *sim, uint64_t no_sa);

/* scenario_rekey.c */
void scenario_rekey_by_initiator(struct sim *sim);
void scenario_rekey_by_responder(struct sim *sim);
void scenario_rekey_by_both(struct sim *sim);
void scenario_rekey_ike(struct sim *sim);
void scenario_rekey_ike_by_both(struct sim *sim);
void scenario_rekey_all(struct sim *sim);
void scenario_lifetimes(struct sim *sim);
void scenario_volume(struct sim *sim);
void scenario_volume_end(struct sim *sim);
/* scenario_reauth.c */
void scenario_reauth(struct sim *sim);
void scenario_reauth_by_both(struct sim *sim);
void scenario_reauth_all(struct sim *sim);
void scenario_reauth_nat(struct sim *sim);
void scenario_reauth_lifetimes(struct sim *sim);
/* scenario_loss.c */
void scenario_delete_in_flight(struct sim *sim);
void scenario_share(struct sim *sim);
void scenario_flush(struct sim *sim);
void scenario_delete_by_both(struct sim *sim);
void scenario_peer_dead(struct sim *sim);
void scenario_underlay(struct sim *sim);
void scenario_leave(struct sim *sim);
void scenario_device(struct sim *sim);
void scenario_restart(struct sim *sim);
void scenario_restarts(struct sim *sim);
/* scenario_net.c */
void scenario_cookie(struct sim *sim);
void scenario_invalid_ke(struct sim *sim);
void scenario_nat(struct sim *sim);
void scenario_nat_rebind(struct sim *sim);
void scenario_nat_follow(struct sim *sim);
void scenario_nat_move(struct sim *sim);
void scenario_nat_move_idle(struct sim *sim);
/* scenario_agree.c */
void scenario_establish(struct sim *sim);
void scenario_suites(struct sim *sim);
void scenario_childless(struct sim *sim);
void scenario_both_initiate(struct sim *sim);
void scenario_selectors(struct sim *sim);
void scenario_wrong_psk(struct sim *sim);
void scenario_certificates(struct sim *sim);

#endif /* IPSVTI_IKE_SCENARIO_H */
