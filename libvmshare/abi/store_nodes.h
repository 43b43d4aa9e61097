/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Names of the store nodes of our device classes. Made from the files in xenstore-schema by
 *     python3 xenstore-schema/generate.py c > libvmshare/abi/store_nodes.h
 * docs/store-paths.md says who writes which node when.
 */
/* clang-format off */
#ifndef XVM_ABI_STORE_NODES_H
#define XVM_ABI_STORE_NODES_H

/* State of one side; as XenbusState. */
#define XVM_STATE_UNKNOWN                  0
#define XVM_STATE_INITIALISING             1
#define XVM_STATE_INIT_WAIT                2
#define XVM_STATE_INITIALISED              3
#define XVM_STATE_CONNECTED                4
#define XVM_STATE_CLOSING                  5
#define XVM_STATE_CLOSED                   6

/* Virtual block device over the sleep/wake ring. */
#define XVM_XVBD_CLASS                     "xvbd"
#define XVM_XVBD_PROTOCOL                  "xvm-blk-1"
#define XVM_NODE_XVBD_BACKEND              "backend"         /* frontend: store-path */
#define XVM_NODE_XVBD_BACKEND_ID           "backend-id"      /* frontend: domid */
#define XVM_NODE_XVBD_DEV                  "dev"             /* frontend, backend: text */
#define XVM_NODE_XVBD_STATE                "state"           /* frontend, backend: state */
#define XVM_NODE_XVBD_PROTOCOL             "protocol"        /* frontend, backend: text */
#define XVM_NODE_XVBD_RING_PAGES           "ring-pages"      /* frontend: enum */
#define XVM_NODE_XVBD_RING_REF             "ring-ref-%u"     /* frontend: gref */
#define XVM_NODE_XVBD_EVENT_CHANNEL        "event-channel"   /* frontend: evtchn */
#define XVM_NODE_XVBD_RING_FEATURES        "ring-features"   /* frontend, backend: bits */
#define XVM_NODE_XVBD_BUSY                 "busy"            /* frontend: flag */
#define XVM_NODE_XVBD_FRONTEND             "frontend"        /* backend: store-path */
#define XVM_NODE_XVBD_FRONTEND_ID          "frontend-id"     /* backend: domid */
#define XVM_NODE_XVBD_ONLINE               "online"          /* backend: flag */
#define XVM_NODE_XVBD_MODE                 "mode"            /* backend: enum */
#define XVM_NODE_XVBD_RING_PAGES_MAX       "ring-pages-max"  /* backend: u32 */
#define XVM_NODE_XVBD_FEATURE_FLUSH        "feature-flush"   /* backend: flag */
#define XVM_NODE_XVBD_SEGMENTS_MAX         "segments-max"    /* backend: u32 */
#define XVM_NODE_XVBD_SECTORS              "sectors"         /* backend: u64 */
#define XVM_NODE_XVBD_SECTOR_BYTES         "sector-bytes"    /* backend: u32 */
#define XVM_NODE_XVBD_ERROR                "error"           /* backend: text */

#endif
