/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of the IKEv2 registry (RFC 7296, section 3, and the documents named
 * below) that this implementation has a use for.
 */
#ifndef IPSVTI_IKE_IKEV2_H
#define IPSVTI_IKE_IKEV2_H

/* Section 3.1 */
#define IKE_VERSION_MAJOR	2
#define IKE_HEADER_LEN		28
#define IKE_SPI_LEN		8
#define IKE_FLAG_INITIATOR	0x08	/* sent by the original initiator */
#define IKE_FLAG_RESPONSE	0x20
#define IKE_MESSAGE_MAX		65535

enum ike_exchange_type {
	IKE_EXCHANGE_SA_INIT = 34,
	IKE_EXCHANGE_AUTH = 35,
	IKE_EXCHANGE_CREATE_CHILD_SA = 36,
	IKE_EXCHANGE_INFORMATIONAL = 37,
	IKE_EXCHANGE_INTERMEDIATE = 43,	/* RFC 9242 */
	IKE_EXCHANGE_FOLLOWUP_KE = 44,	/* RFC 9370 */
};

/* Section 3.2 */
#define IKE_PAYLOAD_HEADER_LEN	4
#define IKE_PAYLOAD_CRITICAL	0x80

enum ike_payload_type {
	IKE_PAYLOAD_NONE = 0,
	IKE_PAYLOAD_SA = 33,
	IKE_PAYLOAD_KE = 34,
	IKE_PAYLOAD_IDI = 35,
	IKE_PAYLOAD_IDR = 36,
	IKE_PAYLOAD_CERT = 37,
	IKE_PAYLOAD_CERTREQ = 38,
	IKE_PAYLOAD_AUTH = 39,
	IKE_PAYLOAD_NONCE = 40,
	IKE_PAYLOAD_NOTIFY = 41,
	IKE_PAYLOAD_DELETE = 42,
	IKE_PAYLOAD_VENDOR = 43,
	IKE_PAYLOAD_TSI = 44,
	IKE_PAYLOAD_TSR = 45,
	IKE_PAYLOAD_SK = 46,
	IKE_PAYLOAD_CP = 47,
	IKE_PAYLOAD_EAP = 48,
	IKE_PAYLOAD_SKF = 53,	/* RFC 7383, section 2.5 */
};

/* Section 3.3.1 */
enum ike_protocol {
	IKE_PROTO_NONE = 0,
	IKE_PROTO_IKE = 1,
	IKE_PROTO_AH = 2,
	IKE_PROTO_ESP = 3,
};

/* Section 3.3.2 */
enum ike_transform_type {
	IKE_TRANSFORM_ENCR = 1,
	IKE_TRANSFORM_PRF = 2,
	IKE_TRANSFORM_INTEG = 3,
	IKE_TRANSFORM_KE = 4,
	IKE_TRANSFORM_ESN = 5,
	IKE_TRANSFORM_ADD_KE_1 = 6,	/* to 12 (RFC 9370, section 2.2.1) */
	IKE_TRANSFORM_ADD_KE_7 = 12,
};

#define IKE_TRANSFORM_TYPES	12	/* they are numbered from 1 */

#define IKE_ENCR_AES_CBC	12	/* RFC 3602 */
#define IKE_ENCR_AES_GCM_8	18	/* RFC 5282, RFC 4106 */
#define IKE_ENCR_AES_GCM_12	19
#define IKE_ENCR_AES_GCM_16	20
#define IKE_ENCR_NULL_AES_GMAC	21	/* RFC 4543; ESP only */
#define IKE_ENCR_CHACHA20_POLY1305 28	/* RFC 7634 */

#define IKE_PRF_HMAC_SHA1	2	/* RFC 2104 */
#define IKE_PRF_HMAC_SHA2_256	5	/* RFC 4868 */
#define IKE_PRF_HMAC_SHA2_384	6
#define IKE_PRF_HMAC_SHA2_512	7

#define IKE_INTEG_NONE		0
#define IKE_INTEG_HMAC_SHA1_96	2	/* RFC 2404 */
#define IKE_INTEG_HMAC_SHA2_256_128 12	/* RFC 4868 */
#define IKE_INTEG_HMAC_SHA2_384_192 13
#define IKE_INTEG_HMAC_SHA2_512_256 14

#define IKE_KE_NONE		0
#define IKE_KE_MODP_2048	14	/* RFC 3526 */
#define IKE_KE_MODP_3072	15
#define IKE_KE_MODP_4096	16
#define IKE_KE_ECP_256		19	/* RFC 5903 */
#define IKE_KE_ECP_384		20
#define IKE_KE_ECP_521		21
#define IKE_KE_X25519		31	/* RFC 8031 */
#define IKE_KE_ML_KEM_512	35	/* draft-ietf-ipsecme-ikev2-mlkem */
#define IKE_KE_ML_KEM_768	36
#define IKE_KE_ML_KEM_1024	37

#define IKE_ESN_NO		0
#define IKE_ESN_YES		1

/* Section 3.3.5 */
#define IKE_ATTR_KEY_LENGTH	14
#define IKE_ATTR_TV		0x8000

/* Section 3.5 */
enum ike_id_type {
	IKE_ID_IPV4_ADDR = 1,
	IKE_ID_FQDN = 2,
	IKE_ID_RFC822_ADDR = 3,
	IKE_ID_IPV6_ADDR = 5,
	IKE_ID_DER_ASN1_DN = 9,
	IKE_ID_DER_ASN1_GN = 10,
	IKE_ID_KEY_ID = 11,
};

/* Section 3.8 */
#define IKE_AUTH_RSA		1
#define IKE_AUTH_SHARED_KEY	2
#define IKE_AUTH_ECDSA_256	9	/* RFC 4754: P-256 with SHA-256 */
#define IKE_AUTH_ECDSA_384	10
#define IKE_AUTH_ECDSA_521	11
#define IKE_AUTH_DIGITAL_SIGNATURE 14	/* RFC 7427 */

/* RFC 7427, section 4, and RFC 8420: bit N stands for algorithm N. */
#define IKE_HASH_SHA2_256	2
#define IKE_HASH_SHA2_384	3
#define IKE_HASH_SHA2_512	4
#define IKE_HASH_IDENTITY	5

/* Section 3.6 */
#define IKE_CERT_X509_SIGNATURE	4

/* Section 3.9 */
#define IKE_NONCE_MIN		16
#define IKE_NONCE_MAX		256

/* Section 3.13.1 */
#define IKE_TS_IPV4_ADDR_RANGE	7
#define IKE_TS_IPV6_ADDR_RANGE	8

/*
 * Section 3.10.1; types below 16384 are errors. The rest of the line is what a
 * person is told when a peer sends it.
 */
#define IKE_NOTIFY_STATUS_MIN	16384

#define IKE_NOTIFIES(X)							   \
	X(UNSUPPORTED_CRITICAL_PAYLOAD, 1,				   \
	  "it does not know a payload that we marked critical")		   \
	X(INVALID_IKE_SPI, 4, "it does not know this IKE SA")		   \
	X(INVALID_MAJOR_VERSION, 5, "it speaks another version of IKE")	   \
	X(INVALID_SYNTAX, 7, "it could not make sense of our message")	   \
	X(INVALID_MESSAGE_ID, 9, "it expected another message ID")	   \
	X(INVALID_SPI, 11, "it does not know an ESP SPI we used")	   \
	X(NO_PROPOSAL_CHOSEN, 14, "it accepts none of our proposals")	   \
	X(INVALID_KE_PAYLOAD, 17, "it wants another key exchange method")  \
	X(AUTHENTICATION_FAILED, 24,					   \
	  "it does not accept our identity or our key")			   \
	X(SINGLE_PAIR_REQUIRED, 34,					   \
	  "it wants traffic selectors of a single address pair")	   \
	X(NO_ADDITIONAL_SAS, 35, "it takes no more SAs on this IKE SA")	   \
	X(INTERNAL_ADDRESS_FAILURE, 36, "it has no address to assign")	   \
	X(FAILED_CP_REQUIRED, 37, "it wants to assign us an address")	   \
	X(TS_UNACCEPTABLE, 38, "it accepts none of our traffic selectors") \
	X(INVALID_SELECTORS, 39, "a packet did not fit its selectors")	   \
	X(TEMPORARY_FAILURE, 43, "it is busy with another exchange")	   \
	X(CHILD_SA_NOT_FOUND, 44, "it does not have this CHILD SA")	   \
	X(STATE_NOT_FOUND, 47,						   \
	  "it has forgotten the key exchanges before this one")		   \
	X(INITIAL_CONTACT, 16384, "it has no other IKE SA with us")	   \
	X(SET_WINDOW_SIZE, 16385, "requests that it takes at once")	   \
	X(ADDITIONAL_TS_POSSIBLE, 16386,				   \
	  "it takes more traffic selectors, in other CHILD SAs")	   \
	X(NAT_DETECTION_SOURCE_IP, 16388, "hash of its address")	   \
	X(NAT_DETECTION_DESTINATION_IP, 16389, "hash of our address")	   \
	X(COOKIE, 16390, "it wants its cookie back")			   \
	X(USE_TRANSPORT_MODE, 16391, "it asks for transport mode")	   \
	X(REKEY_SA, 16393, "it rekeys a CHILD SA")			   \
	X(CHILDLESS_IKEV2_SUPPORTED, 16418,				   \
	  "it can do without a CHILD SA in IKE_AUTH")			   \
	X(IKEV2_FRAGMENTATION_SUPPORTED, 16430,				   \
	  "it can put messages together from fragments")		   \
	X(SIGNATURE_HASH_ALGORITHMS, 16431,				   \
	  "hash functions that it knows for signatures")		   \
	X(INTERMEDIATE_EXCHANGE_SUPPORTED, 16438,			   \
	  "it can exchange more before IKE_AUTH")			   \
	X(ADDITIONAL_KEY_EXCHANGE, 16441, "there is one more key exchange")

enum ike_notify_type {
#define IKE_NOTIFY_ENUM(name, number, text) IKE_N_##name = (number),
	IKE_NOTIFIES(IKE_NOTIFY_ENUM)
#undef IKE_NOTIFY_ENUM
};

#endif /* IPSVTI_IKE_IKEV2_H */
