/** What the domain reports; the catalogue in `telemetry/log-codes.ts` gives each its level, text and metrics. */
export type GuestEvent =
  | 'enrichment_matched'
  | 'enrichment_not_found'
  | 'enrichment_no_consent'
  | 'enrichment_degraded'
  /** `sessionHash`, `guestId` */
  | 'guest_created'
  | 'guest_reused'
  /** `sessionHash`, `reason`: a guest may exist at Genesys that nobody knows. */
  | 'guest_orphaned'
  /** Genesys does not know the remembered guest any more; it is registered again. */
  | 'guest_unknown'
  /** `operation`: the registry could not be reached; uniqueness holds within this container only. */
  | 'registry_unavailable'
  | 'registration_queued'
  /** `sessionHash`, `enrichment`, `verified`: a message flow was given a visitor. */
  | 'visitor_resolved'
  /** `reason`: a message flow asked for a visitor that is not known, or not any more. */
  | 'visitor_unknown'
  /** `sessionHash`: a reference was presented by another conversation than its own. */
  | 'reference_reused'
  /** An unverified session is not queued: its share of the queue is used up: `reason` (queue). */
  | 'admission_refused'
  | 'queue_unavailable'
  | 'registration_served'
  | 'registration_postponed'
  | 'registration_given_up'
  | 'registration_dropped';
