// SPDX-License-Identifier: GPL-2.0-or-later
/* What the agent knows of a negotiation that failed: see finding.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "answer.h"
#include "finding.h"
#include "status.h"

/* How long before a failure what has to do with it may have happened: one attempt. */
#define ATTEMPT_MS 9000
/* A refusal that is older than this is not what keeps the tunnel down. */
#define STALE_MS 600000

static const char *often(const json_t *failure, char *buf, size_t len)
{
	char span[32];
	uint64_t n = number(failure, "count");

	status_span(number(failure, "since-ms"), span, sizeof(span));
	if (n > 1)
		snprintf(buf, len, "%" PRIu64 " times in %s", n, span);
	else
		snprintf(buf, len, "%s ago", span);
	return buf;
}

/* What an ICMP error means for who waits for an answer, RFC 792 and RFC 4443. */
static json_t *icmp_text(const json_t *tunnel, const json_t *f,
			 const char **remedy)
{
	const json_t *icmp = json_object_get(tunnel, "icmp");
	bool six = strchr(text(tunnel, "remote"), ':');
	uint64_t type = number(icmp, "type"), code = number(icmp, "code");
	const char *what = "unreachable";

	if (!icmp || number(icmp, "ago-ms") > number(f, "ago-ms") + ATTEMPT_MS)
		return NULL;
	*remedy = "mend the routing there";
	if (six ? type == 1 && code == 4 : type == 3 && code == 3) {
		what = "port unreachable";
		*remedy = "no IKE daemon listens there: start it, or correct remote";
	} else if (six ? type == 1 && code == 1 :
			 type == 3 && (code == 9 || code == 10 || code == 13)) {
		what = "administratively prohibited";
		*remedy = "a firewall there rejects UDP ports 500 and 4500: open them";
	} else if (six ? type == 1 && code == 3 : type == 3 && code == 1) {
		what = "host unreachable";
		*remedy = "the peer is off, or remote is wrong";
	} else if (six ? type == 1 && !code : type == 3 && !code) {
		what = "network unreachable";
	} else if (type == (six ? 3 : 11)) {
		what = "time exceeded: its packets go round in circles";
	}
	return json_sprintf("ICMP from %s said: %s (%" PRIu64 " times)",
			    text(icmp, "from"), what, number(icmp, "count"));
}

/* That nothing was heard is worth saying only of what would have been heard. */
static const char *no_icmp(const json_t *tunnel, const json_t *f)
{
	if (number(f, "port") == 500 || is_set(tunnel, "hears-icmp"))
		return "no ICMP came back";
	return "whether ICMP came back is not known";
}

static void no_answer(json_t *list, const json_t *tunnel, const json_t *f)
{
	const json_t *send = json_object_get(tunnel, "send-error");
	const char *remedy = "is remote right, is the peer on, and do all firewalls let UDP ports 500 and 4500 pass?";
	bool dead = !strcmp(text(f, "reason"), "peer-dead");
	json_t *said = icmp_text(tunnel, f, &remedy), *finding;
	char when[64];

	if (!said && send && number(send, "ago-ms") < number(f, "ago-ms") + ATTEMPT_MS) {
		said = json_sprintf("they could not even be sent: %s", text(send, "text"));
		remedy = "mend the route to the peer, or the firewall of this machine";
	}
	finding = finding_add(
		list, "error", dead ? "peer-dead" : "no-answer",
		json_sprintf("%s from %s on UDP port %" PRIu64 " to %s: sent %" PRIu64 " times, given up %s; %s",
			     dead ? "no answer any more" : "no answer",
			     text(tunnel, "remote"), number(f, "port"), text(f, "step"),
			     number(f, "transmissions"), often(f, when, sizeof(when)),
			     said ? json_string_value(said) : no_icmp(tunnel, f)),
		json_string(remedy));
	json_decref(said);
	finding_at(finding, tunnel, "remote");
}

/*
 * To a socket that ESP comes by, as port 4500 has one, the kernel hands no ICMP. The agent
 * hears it in another way, if it may: else, nothing that was heard does not mean that nothing
 * came.
 */
static void no_answer_natt(json_t *list, const json_t *tunnel, const json_t *f,
			   const char *said)
{
	bool hears = is_set(tunnel, "hears-icmp");
	const char *more = "";
	char when[64];

	if (said)
		more = ", first of all where ICMP comes from";
	else if (hears)
		said = "no ICMP came back";
	else
		more = "; if one refuses it by ICMP, tcpdump -n icmp or icmp6 shows which";
	finding_add(list, "error", "no-answer-auth",
		    json_sprintf("UDP port 500 works, port 4500 does not: IKE_SA_INIT was answered, %" PRIu64 " IKE_AUTH to port %" PRIu64 " were not (%s)%s%s",
				 number(f, "transmissions"), number(f, "port"),
				 often(f, when, sizeof(when)), said ? "; " : "", said ? said : ""),
		    json_sprintf("there is a NAT, so all goes by UDP port 4500: let it pass every firewall%s", more));
}

static void no_answer_auth(json_t *list, const json_t *tunnel, const json_t *f, bool theirs)
{
	bool nat = is_set(f, "nat-local") || is_set(f, "nat-remote");
	const char *remedy;
	json_t *said = icmp_text(tunnel, f, &remedy);
	const char *icmp = json_string_value(said);
	char when[64];

	if (theirs)
		finding_add(list, "error", "no-answer-auth",
			    json_sprintf("the peer's IKE_SA_INIT arrives and is answered, but no IKE_AUTH follows (%s)",
					 often(f, when, sizeof(when))),
			    json_string("our answers do not reach it, or its UDP port 4500 does not reach us: look at the firewalls on the way, and into the peer's log"));
	else if (nat)
		no_answer_natt(list, tunnel, f, icmp);
	else
		finding_add(list, "error", "no-answer-auth",
			    json_sprintf("IKE_SA_INIT was answered, IKE_AUTH on the same UDP port %" PRIu64 " was not (sent %" PRIu64 " times, %s); %s",
					 number(f, "port"), number(f, "transmissions"),
					 often(f, when, sizeof(when)), icmp ? icmp : no_icmp(tunnel, f)),
			    json_string("the peer ignores us, its log says why; or a firewall drops fragments of large packets"));
	json_decref(said);
}

/* Of the two failures, the one that knows what the peer offers. */
static const json_t *knows_theirs(const json_t *tunnel, const char *reason,
				  const json_t *f)
{
	const json_t *theirs = json_object_get(
		json_object_get(tunnel, "failures"), "theirs");

	return !*text(f, "theirs") && theirs && !strcmp(text(theirs, "reason"), reason) ?
		       theirs : f;
}

static void proposal(json_t *list, const json_t *tunnel, const json_t *f)
{
	bool esp = !strcmp(text(f, "reason"), "esp-proposal");
	const char *key = esp ? "esp" : "ike";
	const json_t *known = knows_theirs(tunnel, text(f, "reason"), f);
	json_t *finding, *remedy;
	char when[64];

	if (*text(known, "nearest"))
		remedy = json_sprintf("%s = { \"%s\" }%s", key, text(known, "nearest"),
				      is_set(known, "nearest-is-legacy") ?
					      " and allow-legacy = \"true\"; better: something stronger there" : "");
	else if (*text(known, "theirs"))
		remedy = json_sprintf("what the peer offers is too weak, or not known here: have it offer %s",
				      text(known, "ours"));
	else if (esp)
		remedy = json_sprintf("the peer does not say what it would take: set its ESP proposal to %s, or %s here to its",
				      text(f, "ours"), key);
	else
		remedy = json_sprintf("ipsvtictl probe %s finds out what it would take; or set its IKE proposal to %s",
				      text(tunnel, "remote"), text(f, "ours"));
	finding = finding_add(
		list, "error", text(f, "reason"),
		json_sprintf("%s refused %s %s proposal at %s (NO_PROPOSAL_CHOSEN, %s)",
			     is_set(f, "refused-by-us") ? "we" : "the peer",
			     is_set(f, "refused-by-us") ? "its" : "our", esp ? "ESP" : "IKE",
			     text(f, "step"), often(f, when, sizeof(when))),
		remedy);
	finding_at(finding, tunnel, key);
	json_object_set_new(finding, "ours", json_string(text(known, "ours")));
	json_object_set_new(finding, "theirs", json_string(text(known, "theirs")));
	json_object_set(finding, "types", json_object_get(known, "types"));
}

static void key_exchange(json_t *list, const json_t *tunnel, const json_t *f)
{
	json_t *finding = finding_add(
		list, "error", "key-exchange",
		json_sprintf("the peer wants key exchange %s, we offer %s", text(f, "theirs"), text(f, "ours")),
		json_sprintf("put %s into ike, or have the peer take ours", text(f, "theirs")));

	finding_at(finding, tunnel, "ike");
}

static void selectors(json_t *list, const json_t *tunnel, const json_t *f)
{
	const json_t *known = knows_theirs(tunnel, "selectors", f);
	const char *theirs = text(known, "theirs");
	json_t *finding = finding_add(
		list, "error", "selectors",
		json_sprintf("traffic selectors do not match, %s refused at %s (TS_UNACCEPTABLE): ours are %s%s%s",
			     is_set(f, "refused-by-us") ? "we" : "the peer", text(f, "step"), text(known, "ours"),
			     *theirs ? "; the peer wants " : "", theirs),
		json_string("local-ts here must be remote_ts there, and the other way round; a route-based tunnel has 0.0.0.0/0 and ::/0 on both sides, which is what is meant if there is neither"));

	finding_at(finding, tunnel, conf_line(text(tunnel, "file"), "local-ts") ? "local-ts" : "remote-ts");
}

static void identity(json_t *list, const json_t *tunnel, const json_t *f, bool theirs)
{
	const char *said = text(f, "theirs"), *wants = text(f, "nearest");
	json_t *finding;

	if (strcmp(said, text(tunnel, "remote-id"))) {
		finding = finding_add(
			list, "error", "identity",
			json_sprintf("the peer says it is \"%s\", but remote-id is \"%s\"", said, text(tunnel, "remote-id")),
			json_sprintf("remote-id = \"%s\", if that is who it should be", said));
		finding_at(finding, tunnel, "remote-id");
	}
	if (theirs && strcmp(wants, "anybody") && strcmp(wants, text(tunnel, "local-id"))) {
		finding = finding_add(
			list, "error", "identity",
			json_sprintf("the peer wants to speak to \"%s\", but local-id is \"%s\"", wants, text(tunnel, "local-id")),
			json_sprintf("local-id = \"%s\"", wants));
		finding_at(finding, tunnel, "local-id");
	}
}

static void psk(json_t *list, const json_t *tunnel)
{
	finding_at(finding_add(list, "error", "psk",
			       json_string("the pre-shared keys of the two ends are not the same"),
			       json_string("put the same key into the file of psk-file and into the peer's configuration, then ipsvtictl reload")),
		   tunnel, "psk-file");
}

static void auth_refused(json_t *list, const json_t *tunnel)
{
	bool by_psk = !strcmp(text(json_object_get(tunnel, "config"), "auth"), "psk");
	json_t *f = finding_add(
		list, "error", "auth-refused",
		json_sprintf("the peer refused us at IKE_AUTH (AUTHENTICATION_FAILED), and does not say why: %s, or it does not know us as \"%s\" or itself as \"%s\"",
			     by_psk ? "the pre-shared keys are not the same" : "it does not trust our certificate",
			     text(tunnel, "local-id"), text(tunnel, "remote-id")),
		json_string(by_psk ? "compare the key in psk-file, and local-id and remote-id, with what the peer has" :
				     "compare local-id and remote-id with what the peer has; it must have the CA of our certificate"));

	finding_at(f, tunnel, by_psk ? "psk-file" : "cert-file");
}

static void auth_method(json_t *list, const json_t *tunnel, const json_t *f)
{
	finding_at(finding_add(list, "error", "auth-method", json_string(text(f, "text")),
			       json_string("remote-auth must say how the peer shows who it is: psk or cert")),
		   tunnel, "remote-auth");
}

/* A certificate may be good, and the clock wrong. */
static const char *clock_text(const json_t *tunnel, char *buf, size_t len)
{
	time_t now = (time_t)number(tunnel, "unix-time");
	struct tm tm;

	*buf = 0;
	if (gmtime_r(&now, &tm))
		strftime(buf, len, "; the clock here says %Y-%m-%d %H:%M UTC", &tm);
	return buf;
}

static void certificate(json_t *list, const json_t *tunnel, const json_t *f)
{
	const char *reason = text(f, "reason"), *remedy = "mend the peer's certificate", *key = "ca-file";
	char clock[64];

	if (!strcmp(reason, "unknown-ca")) {
		remedy = "add the CA that has issued the peer's certificate to ca-file, or have the peer send the intermediate ones";
	} else if (!strcmp(reason, "certificate-expired")) {
		remedy = "give the peer a new certificate; if it should be valid, correct the clock of this machine";
	} else if (!strcmp(reason, "certificate-not-yet-valid")) {
		remedy = "correct the clock of this machine, or wait";
	} else if (!strcmp(reason, "certificate-revoked")) {
		remedy = "give the peer a new certificate";
		key = "crl-file";
	}
	finding_at(finding_add(list, "error", reason,
			       json_sprintf("%s%s", text(f, "text"), clock_text(tunnel, clock, sizeof(clock))),
			       json_string(remedy)),
		   tunnel, key);
}

/*
 * What we have of certificate and key is not shown to the peer: nobody would believe it. A PSK
 * is also needed to check the peer's AUTH, and then it may be missing where we show a certificate.
 */
static void own_key(json_t *list, const json_t *tunnel, const json_t *f)
{
	bool by_psk = !strcmp(text(json_object_get(tunnel, "config"), "auth"), "psk") || strstr(text(f, "text"), "PSK");
	bool expired = strstr(text(f, "text"), "expired");
	const char *remedy = "have a certificate and a key there that both ends can use, such as RSA or ECDSA, then ipsvtictl reload";
	char clock[64];

	if (by_psk)
		remedy = "put the key into that file, then ipsvtictl reload";
	else if (expired)
		remedy = "put a new certificate there, with its key into key-file, then ipsvtictl reload; if it should be valid, correct the clock of this machine";
	finding_at(finding_add(list, "error", "own-key",
			       json_sprintf("%s%s", text(f, "text"),
					    expired ? clock_text(tunnel, clock, sizeof(clock)) : ""),
			       json_string(remedy)),
		   tunnel, by_psk ? "psk-file" : "cert-file");
}

static void judge(json_t *list, const json_t *tunnel, const json_t *f, bool theirs)
{
	const char *reason = text(f, "reason");

	if (!strcmp(reason, "no-answer") || !strcmp(reason, "peer-dead"))
		no_answer(list, tunnel, f);
	else if (!strcmp(reason, "no-answer-auth"))
		no_answer_auth(list, tunnel, f, theirs);
	else if (!strcmp(reason, "ike-proposal") || !strcmp(reason, "esp-proposal"))
		proposal(list, tunnel, f);
	else if (!strcmp(reason, "key-exchange"))
		key_exchange(list, tunnel, f);
	else if (!strcmp(reason, "selectors"))
		selectors(list, tunnel, f);
	else if (!strcmp(reason, "identity"))
		identity(list, tunnel, f, theirs);
	else if (!strcmp(reason, "psk"))
		psk(list, tunnel);
	else if (!strcmp(reason, "auth-refused"))
		auth_refused(list, tunnel);
	else if (!strcmp(reason, "auth-method"))
		auth_method(list, tunnel, f);
	else if (!strcmp(reason, "unknown-ca") || !strncmp(reason, "certificate", 11))
		certificate(list, tunnel, f);
	else if (!strcmp(reason, "own-key"))
		own_key(list, tunnel, f);
	else
		finding_add(list, "error", reason, json_string(text(f, "text")), NULL);
}

/* The peer's attempt says the same as ours, or more. */
static bool says_more(const json_t *ours, const json_t *theirs)
{
	return !strcmp(text(ours, "reason"), "auth-refused") &&
	       (!strcmp(text(theirs, "reason"), "psk") || !strcmp(text(theirs, "reason"), "identity"));
}

static void judge_nat(json_t *list, const json_t *tunnel)
{
	const json_t *sas = json_object_get(tunnel, "ike-sas"), *sa = json_array_get(sas, 0);

	if (is_set(sa, "nat-local"))
		finding_add(list, "note", "nat", json_string("there is a NAT in front of us: ESP goes in UDP"), NULL);
	if (is_set(sa, "nat-remote"))
		finding_add(list, "note", "nat", json_string("there is a NAT in front of the peer: ESP goes in UDP"), NULL);
}

/* Of a CHILD SA, and not of the IKE SA or of who the ends are. */
static bool is_of_child(const json_t *f) { return !strcmp(text(f, "step"), "CREATE_CHILD_SA"); }

/*
 * Whether a failure is newer than what is in use: then the SAs of a tunnel that is up cannot be
 * replaced when their time has come.
 */
static bool is_newer(const json_t *tunnel, const json_t *f)
{
	uint64_t ago = number(f, "ago-ms");
	const json_t *sa, *child;
	size_t i, j;

	json_array_foreach(json_object_get(tunnel, "ike-sas"), i, sa) {
		if (!is_of_child(f) && !strcmp(text(sa, "state"), "established") && number(sa, "age-ms") < ago)
			return false;
		json_array_foreach(json_object_get(sa, "child-sas"), j, child)
			if (is_of_child(f) && !strcmp(text(child, "state"), "installed") && number(child, "age-ms") < ago)
				return false;
	}
	return true;
}

/* It is up all the same, until the SAs end. */
static void judge_coming(json_t *list, const json_t *tunnel, const json_t *f, bool theirs)
{
	bool auth = strncmp(text(f, "step"), "CREATE_CHILD_SA", 15);
	json_t *found = json_array(), *finding;
	size_t i;

	judge(found, tunnel, f, theirs);
	json_array_foreach(found, i, finding) {
		json_object_set_new(finding, "severity", json_string("warning"));
		json_object_set_new(finding, "text",
				    json_sprintf("it is up, but the next %s will fail: %s",
						 auth ? "authentication" : "rekey", text(finding, "text")));
		json_array_append(list, finding);
	}
	json_decref(found);
}

/*
 * Of what the peer asks for, only what an SA protects: who has sent an IKE_SA_INIT that was
 * refused is not known.
 */
static void judge_up(json_t *list, const json_t *tunnel, const json_t *ours, const json_t *theirs)
{
	bool mine = ours && is_newer(tunnel, ours);

	if (mine)
		judge_coming(list, tunnel, ours, false);
	if (theirs && !strncmp(text(theirs, "step"), "CREATE_CHILD_SA", 15) && is_newer(tunnel, theirs) &&
	    !(mine && !strcmp(text(ours, "reason"), text(theirs, "reason"))))
		judge_coming(list, tunnel, theirs, true);
}

/* Attempts of an IKE SA fail for the tunnel that has it, whoever waits for it. */
static void judge_shared(json_t *list, const json_t *tunnel)
{
	const char *owner = text(json_object_get(tunnel, "config"), "ike-sa-of"), *state = text(tunnel, "state");
	const json_t *sa;
	size_t i;

	if (!*owner || (strcmp(state, "waiting") && strcmp(state, "connecting") && strcmp(state, "down")))
		return;
	json_array_foreach(json_object_get(tunnel, "ike-sas"), i, sa)
		if (!strcmp(text(sa, "state"), "established"))
			return;
	finding_add(list, strcmp(state, "down") ? "error" : "note", "ike-sa-of",
		    json_sprintf("its IKE SA is that of tunnel %s, which has none now", owner),
		    json_sprintf("ipsvtictl explain %s", owner));
}

void findings_of_agent(json_t *list, const json_t *tunnel)
{
	const json_t *failures = json_object_get(tunnel, "failures");
	const json_t *ours = json_object_get(failures, "ours");
	const json_t *theirs = json_object_get(failures, "theirs");
	const char *state = text(tunnel, "state");

	judge_nat(list, tunnel);
	if (!strcmp(state, "no-address"))
		finding_at(finding_add(list, "error", "no-address-of-peer",
				       json_sprintf("the name of the peer, %s, has no address yet", text(tunnel, "remote")),
				       json_string("is the name right, and does name resolution work here?")),
			   tunnel, "remote");
	if (!strcmp(state, "up")) {
		judge_up(list, tunnel, ours, theirs);
		return;
	}
	if (!strcmp(state, "down"))
		finding_add(list, "note", "down", json_string("it was taken down, or is only to answer"),
			    json_sprintf("ipsvtictl up %s", text(tunnel, "name")));
	judge_shared(list, tunnel);
	if (ours && !says_more(ours, theirs))
		judge(list, tunnel, ours, false);
	if (theirs && number(theirs, "ago-ms") < STALE_MS &&
	    (!ours || says_more(ours, theirs) || strcmp(text(ours, "reason"), text(theirs, "reason"))))
		judge(list, tunnel, theirs, true);
}
