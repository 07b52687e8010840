/** The CloudFormation stack of an environment. */
export const stackNameOf = (env: string): string => `GuestProfiles-${env}`;
