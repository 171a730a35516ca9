// What the program that started the tests has set up: `busy` is a domain that is active, `quiet` one in preview.

export const facts = JSON.parse(process.env.ADIT_FACTS ?? '{}');
export const { busy, quiet } = facts;

/** A path below a domain's page. */
export const at = (domain, rest = '') => `/domains/${domain.domain}${rest}`;
