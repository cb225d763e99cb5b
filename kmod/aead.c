// SPDX-License-Identifier: GPL-2.0
/*
 * Encryption and decryption of packets with the kernel's AEAD API.
 */
#include <crypto/aead.h>
#include <crypto/authenc.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "aead.h"
#include "compat.h"
#include "dev.h"
#include "hold.h"
#include "rx.h"
#include "tx.h"

/* SPI, extended sequence number and IV: associated data but for payload. */
#define AAD_MAX (sizeof(struct ipsvti_esp_hdr) + sizeof(__be32) + IPSVTI_IV_MAX)

/* Associated data, linear part, pages, trailer. */
#define SRC_MAX (1 + 1 + MAX_SKB_FRAGS + 1)

/* The CPUs' requests have room for so many octets of a cipher's own. */
#define WORK_REQSIZE 1024

/**
 * struct aead_work - one packet in the hands of a cipher
 * @sa: its SA
 * @skb: the packet
 * @from: packet with the plain text, if it was not in @skb; else NULL
 * @tracker: of the reference to the network device, if answered later
 * @nonce: salt and IV
 * @aad: associated data, if they are not as they are in the packet
 * @trailer: plain text of the trailer, if the plain text was not in @skb
 * @src: what is read
 * @dst: what is written, if it is another place
 * @req: the request; the cipher's own memory follows
 */
struct aead_work {
	struct ipsvti_sa *sa;
	struct sk_buff *skb;
	struct sk_buff *from;
	netdevice_tracker tracker;
	u8 nonce[IPSVTI_NONCE_MAX];
	u8 aad[AAD_MAX] __aligned(__alignof__(__be32));
	u8 trailer[IPSVTI_ALIGN_MAX + IPSVTI_ESP_TRAILER_LEN];
	struct scatterlist src[SRC_MAX];
	struct scatterlist dst[2];
	struct aead_request req;
};

/* For ciphers that answer at once: used with BHs disabled. */
static DEFINE_PER_CPU(struct aead_work *, sync_work);

/*
 * For ciphers that may answer later and mostly do not: the one that was done with
 * last, for the next packet.  NULL, there is none.  Used with BHs disabled.
 */
static DEFINE_PER_CPU(struct aead_work *, spare_work);

/**
 * ipsvti_aead_init - make the CPUs' own requests
 *
 * Context: module init.
 * Return: 0 or -ENOMEM.
 */
int ipsvti_aead_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		/* Not per-CPU memory: scatterlists need the linear mapping. */
		struct aead_work *w = kzalloc_node(sizeof(*w) + WORK_REQSIZE,
						   GFP_KERNEL,
						   cpu_to_node(cpu));

		if (!w) {
			ipsvti_aead_exit();
			return -ENOMEM;
		}
		per_cpu(sync_work, cpu) = w;
	}
	return 0;
}

/**
 * ipsvti_aead_exit - free the CPUs' own requests
 *
 * Context: module exit, when there are no packets any more.
 */
void ipsvti_aead_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		kfree_sensitive(per_cpu(sync_work, cpu));
		per_cpu(sync_work, cpu) = NULL;
		kfree_sensitive(per_cpu(spare_work, cpu));
		per_cpu(spare_work, cpu) = NULL;
	}
}

/*
 * The crypto API wants two keys in one as rtnetlink would put them: their lengths
 * in an attribute, and then first the one for integrity.
 */
static int set_two_keys(struct crypto_aead *tfm,
			const struct ipsvti_transform *transform, const u8 *key)
{
	unsigned int cipher_len = transform->cipher_len;
	struct {
		struct rtattr rta;
		struct crypto_authenc_key_param param;
		u8 keys[IPSVTI_KEY_MAX];
	} blob;
	int err;

	static_assert(offsetof(typeof(blob), keys) ==
		      RTA_SPACE(sizeof(blob.param)));
	blob.rta.rta_len = RTA_LENGTH(sizeof(blob.param));
	blob.rta.rta_type = CRYPTO_AUTHENC_KEYA_PARAM;
	blob.param.enckeylen = cpu_to_be32(cipher_len);
	memcpy(blob.keys, key + cipher_len, transform->integ_len);
	memcpy(blob.keys + transform->integ_len, key, cipher_len);
	err = crypto_aead_setkey(tfm, (u8 *)&blob,
				 offsetof(typeof(blob), keys) +
					 ipsvti_transform_key_len(transform));
	memzero_explicit(&blob, sizeof(blob));
	return err;
}

/**
 * ipsvti_aead_tfm_new - make a cipher with a key
 * @transform: the algorithm
 * @esn: for extended sequence numbers
 * @key: key of its length
 * @async: where to store if its requests need memory of their own
 *
 * Context: process, may sleep.
 * Return: the cipher, ready and never changed again; or an ERR_PTR().
 */
struct crypto_aead *
ipsvti_aead_tfm_new(const struct ipsvti_transform *transform, bool esn,
		    const u8 *key, bool *async)
{
	const struct ipsvti_esp_geometry *g = &transform->geometry;
	char name[CRYPTO_MAX_ALG_NAME];
	struct crypto_aead *tfm;
	int err;

	/*
	 * Asynchronous ciphers are welcome: on x86 the fast one says that it is,
	 * though it mostly answers at once.
	 */
	name[0] = 0;
	/*
	 * The HMAC ends with the high 32 bits of an extended sequence number,
	 * which are not sent: authencesn() sees to that.
	 */
	if (transform->cipher == IPSVTI_CIPHER_CBC)
		snprintf(name, sizeof(name), "%s(%s)",
			 esn ? "authencesn" : "authenc", transform->name);
	tfm = crypto_alloc_aead(name[0] ? name : transform->name, 0, 0);
	if (IS_ERR(tfm))
		return tfm;
	err = -EINVAL;
	if (WARN_ON_ONCE(crypto_aead_ivsize(tfm) !=
			 transform->salt_len + g->iv_len))
		goto err_free;
	if (transform->integ_len)
		err = set_two_keys(tfm, transform, key);
	else
		err = crypto_aead_setkey(tfm, key, transform->cipher_len);
	if (err)
		goto err_free;
	err = crypto_aead_setauthsize(tfm, g->icv_len);
	if (err)
		goto err_free;
	*async = crypto_aead_alg(tfm)->base.cra_flags & CRYPTO_ALG_ASYNC ||
		 crypto_aead_reqsize(tfm) > WORK_REQSIZE;
	return tfm;

err_free:
	crypto_free_aead(tfm);
	return ERR_PTR(err);
}

/**
 * ipsvti_aead_tfm_free - free a cipher and wipe its key
 * @tfm: the cipher, or NULL
 *
 * Context: process, may sleep; no request is under way.
 */
void ipsvti_aead_tfm_free(struct crypto_aead *tfm)
{
	if (tfm)
		crypto_free_aead(tfm);
}

/* Memory for a request that the cipher may keep for a while. */
static struct aead_work *work_alloc(const struct ipsvti_sa *sa)
{
	unsigned int reqsize = crypto_aead_reqsize(sa->tfm);
	struct aead_work *w = this_cpu_read(spare_work);

	if (unlikely(reqsize > WORK_REQSIZE))
		return kzalloc(sizeof(*w) + reqsize, GFP_ATOMIC);
	if (unlikely(!w))
		return kzalloc(sizeof(*w) + WORK_REQSIZE, GFP_ATOMIC);
	this_cpu_write(spare_work, NULL);
	return w;
}

/* @sa: held, or still visible */
static void work_free(struct aead_work *w, const struct ipsvti_sa *sa)
{
	if (unlikely(crypto_aead_reqsize(sa->tfm) > WORK_REQSIZE ||
		     this_cpu_read(spare_work)))
		/* Ciphers keep what they derive from the key in their requests. */
		kfree_sensitive(w);
	else
		this_cpu_write(spare_work, w);
}

static __always_inline struct aead_work *work_get(struct ipsvti_sa *sa,
						  struct sk_buff *skb)
{
	struct aead_work *w;

	if (sa->async) {
		w = work_alloc(sa);
		if (!w)
			return NULL;
		ipsvti_sa_hold(sa);
		netdev_hold(sa->vdev->dev, &w->tracker, GFP_ATOMIC);
		if (sa->inbound && unlikely(IPSVTI_RX_CB(skb)->held))
			ipsvti_hold_given(sa);
	} else {
		w = this_cpu_read(sync_work);
	}
	w->sa = sa;
	w->skb = skb;
	w->from = NULL;
	return w;
}

/* The one way out of the cipher, whenever and however it answers. */
static void work_done(struct aead_work *w, int err)
{
	struct sk_buff *skb = w->skb, *from = w->from;
	struct ipsvti_sa *sa = w->sa;
	struct net_device *dev = sa->vdev->dev;
	netdevice_tracker tracker = w->tracker;
	bool async = sa->async, held;

	/* The packet is gone when somebody who waits for it is told. */
	held = async && sa->inbound && IPSVTI_RX_CB(skb)->held;
	/* First of all: the next packet of this CPU may want it. */
	if (async)
		work_free(w, sa);
	if (from)
		consume_skb(from);

	if (sa->inbound)
		ipsvti_rx_post(skb, err);
	else
		ipsvti_tx_post(skb, sa, err);

	if (async) {
		if (unlikely(held))
			ipsvti_hold_back(sa);
		ipsvti_sa_put(sa);
		netdev_put(dev, &tracker);
	}
}

static void work_done_later(ipsvti_crypto_arg *arg, int err)
{
	struct aead_work *w = ipsvti_compat_crypto_data(arg);

	if (err == -EINPROGRESS)
		return;
	local_bh_disable();
	rcu_read_lock();
	work_done(w, err);
	rcu_read_unlock();
	local_bh_enable();
}

/*
 * For lists of two, as most are: what sg_init_table() does beyond is done when they are
 * filled.  The memory was all zeroes once, and never was a chain.
 */
static void begin_two(struct scatterlist *sg)
{
	sg_unmark_end(&sg[0]);
	sg_mark_end(&sg[1]);
}

/*
 * The associated data: SPI, sequence number, of which the packet does not hold the
 * high 32 bits, and for some ciphers the IV.  Returns their length.
 */
static __always_inline unsigned int map_aad(struct aead_work *w,
					    struct scatterlist *sg,
					    struct ipsvti_esp_hdr *esp, u64 seq)
{
	const struct ipsvti_transform *t = w->sa->transform;
	__be32 *aad = (__be32 *)w->aad;
	unsigned int iv_len = 0;

	if (unlikely(t->cipher != IPSVTI_CIPHER_AEAD))
		iv_len = t->geometry.iv_len;
	if (likely(!w->sa->esn)) {
		sg_set_buf(sg, esp, sizeof(*esp) + iv_len);
		return sizeof(*esp) + iv_len;
	}
	aad[0] = esp->spi;
	aad[1] = htonl(upper_32_bits(seq));
	aad[2] = esp->seq;
	memcpy(aad + 3, esp + 1, iv_len);
	sg_set_buf(sg, aad, 3 * sizeof(*aad) + iv_len);
	return 3 * sizeof(*aad) + iv_len;
}

/* @len: octets behind the IV, without the ICV when encrypting. */
static __always_inline void set_request(struct aead_work *w,
					struct scatterlist *dst,
					unsigned int aad_len, unsigned int len,
					const u8 *iv)
{
	const struct ipsvti_transform *t = w->sa->transform;
	unsigned int crypt_len = len;

	if (t->cipher == IPSVTI_CIPHER_GMAC) {
		crypt_len = w->sa->inbound ? t->geometry.icv_len : 0;
		aad_len += len - crypt_len;
	}

	if (likely(t->salt_len == 4 && t->geometry.iv_len == 8)) {
		/* The same in two moves. */
		memcpy(w->nonce, w->sa->salt, 4);
		memcpy(w->nonce + 4, iv, 8);
	} else {
		memcpy(w->nonce, w->sa->salt, t->salt_len);
		memcpy(w->nonce + t->salt_len, iv, t->geometry.iv_len);
	}

	aead_request_set_tfm(&w->req, w->sa->tfm);
	/* No backlog: what does not fit the cipher's queue is dropped. */
	aead_request_set_callback(&w->req, 0, work_done_later, w);
	aead_request_set_ad(&w->req, aad_len);
	aead_request_set_crypt(&w->req, w->src, dst, crypt_len, w->nonce);
}

/*
 * Plain text in other memory than where the cipher text goes: two lists of
 * memory that agree in the associated data alone.  Returns the length of these, or
 * a negative error.
 */
static int map_apart(struct aead_work *w, struct ipsvti_esp_hdr *esp, u64 seq,
		     u8 *crypt, unsigned int len, unsigned int trailer_len)
{
	unsigned int n = skb_shinfo(w->from)->nr_frags + 3, aad_len;
	int used;

	if (n > SRC_MAX)
		return -EMSGSIZE;
	sg_init_table(w->src, n);
	aad_len = map_aad(w, &w->src[0], esp, seq);
	used = skb_to_sgvec_nomark(w->from, &w->src[1], 0, w->from->len);
	if (used < 0)
		return used;
	sg_set_buf(&w->src[1 + used], w->trailer, trailer_len);
	sg_mark_end(&w->src[1 + used]);

	begin_two(w->dst);
	map_aad(w, &w->dst[0], esp, seq);
	sg_set_buf(&w->dst[1], crypt, len);
	return aad_len;
}

/*
 * A nonce must never repeat, and the sequence number does not (RFC 4106, section
 * 3.1).  With CBC nobody must be able to foretell the IV (RFC 3602, section 3).
 */
static void fill_iv(const struct ipsvti_sa *sa, u8 *iv, u64 seq)
{
	__be64 seq_be = cpu_to_be64(seq);

	if (sa->transform->cipher == IPSVTI_CIPHER_CBC)
		get_random_bytes(iv, sa->transform->geometry.iv_len);
	else
		memcpy(iv, &seq_be, sizeof(seq_be));
}

/**
 * ipsvti_aead_encrypt - encrypt a packet and pass it to ipsvti_tx_post()
 * @sa: its SA
 * @skb: the packet: linear, not shared, everything in its place but the trailer,
 *	for which there is room
 * @esp: offset of its ESP header
 * @seq: its sequence number
 * @from: packet with the plain text, whose place in @skb is still empty; it is
 *	freed.  NULL, the plain text is in @skb
 * @pad_len: octets of padding
 * @next_header: protocol number of the plain text
 *
 * Context: BHs disabled, RCU.
 */
void ipsvti_aead_encrypt(struct ipsvti_sa *sa, struct sk_buff *skb,
			 unsigned int esp, u64 seq, struct sk_buff *from,
			 u32 pad_len, u8 next_header)
{
	const struct ipsvti_esp_geometry *g = &sa->transform->geometry;
	unsigned int trailer_len = pad_len + IPSVTI_ESP_TRAILER_LEN;
	struct ipsvti_esp_hdr *hdr = (void *)skb->data + esp;
	u8 *iv = (u8 *)(hdr + 1), *crypt = iv + g->iv_len;
	unsigned int len = skb_tail_pointer(skb) - crypt;
	struct aead_work *w;
	int err, aad_len;

	hdr->spi = sa->out.spi;
	hdr->seq = htonl(lower_32_bits(seq));
	fill_iv(sa, iv, seq);

	if (from && sa->transform->cipher == IPSVTI_CIPHER_GMAC) {
		/* Nothing is encrypted, so nobody else would move it. */
		err = skb_copy_bits(from, 0, crypt, from->len);
		consume_skb(from);
		from = NULL;
		if (unlikely(err)) {
			ipsvti_tx_post(skb, sa, err);
			return;
		}
	}

	w = work_get(sa, skb);
	if (unlikely(!w)) {
		consume_skb(from);
		ipsvti_tx_post(skb, sa, -ENOMEM);
		return;
	}

	if (from) {
		w->from = from;
		ipsvti_esp_fill_trailer(w->trailer, pad_len, next_header);
		aad_len = map_apart(w, hdr, seq, crypt, len, trailer_len);
		if (unlikely(aad_len < 0)) {
			work_done(w, aad_len);
			return;
		}
		set_request(w, w->dst, aad_len, len - g->icv_len, iv);
	} else {
		ipsvti_esp_fill_trailer(crypt + len - g->icv_len - trailer_len,
					pad_len, next_header);
		begin_two(w->src);
		aad_len = map_aad(w, &w->src[0], hdr, seq);
		sg_set_buf(&w->src[1], crypt, len);
		set_request(w, w->src, aad_len, len - g->icv_len, iv);
	}

	err = crypto_aead_encrypt(&w->req);
	if (err != -EINPROGRESS)
		work_done(w, err);
}

/**
 * ipsvti_aead_decrypt - decrypt a packet and pass it to ipsvti_rx_post()
 * @sa: its SA
 * @skb: the packet at its ESP header, which with the IV is in the linear part;
 *	all of it may be written to, and there is no list of fragments
 * @seq: its sequence number, of which it holds the low 32 bits
 *
 * Context: BHs disabled, RCU.
 */
void ipsvti_aead_decrypt(struct ipsvti_sa *sa, struct sk_buff *skb, u64 seq)
{
	struct ipsvti_esp_hdr *hdr = (void *)skb->data;
	unsigned int head = ipsvti_esp_head_len(&sa->transform->geometry);
	struct aead_work *w;
	int err, aad_len;

	w = work_get(sa, skb);
	if (unlikely(!w)) {
		ipsvti_rx_post(skb, -ENOMEM);
		return;
	}

	if (likely(!skb_is_nonlinear(skb))) {
		begin_two(w->src);
		sg_set_buf(&w->src[1], skb->data + head, skb->len - head);
	} else {
		sg_init_table(w->src, skb_shinfo(skb)->nr_frags + 2);
		err = skb_to_sgvec(skb, &w->src[1], head, skb->len - head);
		if (unlikely(err < 0)) {
			work_done(w, err);
			return;
		}
	}
	aad_len = map_aad(w, &w->src[0], hdr, seq);
	set_request(w, w->src, aad_len, skb->len - head, (u8 *)(hdr + 1));

	err = crypto_aead_decrypt(&w->req);
	if (err != -EINPROGRESS)
		work_done(w, err);
}
