/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Encryption and decryption of packets: the only user of the crypto API.
 *
 * A cipher may answer at once or later, and either way it calls the same function
 * with the outcome: ipsvti_tx_post() and ipsvti_rx_post().  Until that is called
 * the packet belongs to the cipher.
 *
 * A request that may be answered later holds its SA and the network device; its
 * memory goes to the next one of the CPU on which it is answered, if that has none.
 * One that is answered at once needs neither, since its caller is inside an RCU
 * section; its memory is one that the CPU owns, with BHs disabled.
 */
#ifndef _IPSVTI_AEAD_H
#define _IPSVTI_AEAD_H

#include <linux/types.h>

struct crypto_aead;
struct ipsvti_sa;
struct ipsvti_transform;
struct sk_buff;

int ipsvti_aead_init(void);
void ipsvti_aead_exit(void);

struct crypto_aead *
ipsvti_aead_tfm_new(const struct ipsvti_transform *transform, bool esn,
		    const u8 *key, bool *async);
void ipsvti_aead_tfm_free(struct crypto_aead *tfm);

void ipsvti_aead_encrypt(struct ipsvti_sa *sa, struct sk_buff *skb,
			 unsigned int esp, u64 seq, struct sk_buff *from,
			 u32 pad_len, u8 next_header);
void ipsvti_aead_decrypt(struct ipsvti_sa *sa, struct sk_buff *skb, u64 seq);

#endif /* _IPSVTI_AEAD_H */
