import { RemovalPolicy } from 'aws-cdk-lib';

/**
 * What happens to a resource with data when the stack goes. "Retain" starts with the first success: what a failed
 * first deployment has made goes with it, so that it can be repeated.
 */
export const removalOf = ({ keepData }: { readonly keepData: boolean }): RemovalPolicy =>
  keepData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
