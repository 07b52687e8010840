import { ArnFormat, Stack } from 'aws-cdk-lib';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { accept } from './accepted-findings.ts';
import { removalOf } from './removal.ts';
import type { Settings } from './settings.ts';

/** What the function recognises as "not yet filled in". */
const placeholder = 'REPLACE_ME';

/** The Genesys credentials: an existing secret, or a new one with a placeholder that an operator fills in. */
export class GenesysSecret extends Construct {
  readonly secret: ISecret;

  constructor(scope: Construct, id: string, props: { readonly settings: Settings; readonly key: IKey }) {
    super(scope, id);
    const { existingSecret, existingSecretKeyArn } = props.settings;
    this.secret =
      existingSecret === undefined
        ? this.create(props.settings.keepData, props.key)
        : this.existing(existingSecret, existingSecretKeyArn);
  }

  private create(keepData: boolean, encryptionKey: IKey): ISecret {
    const secret = new Secret(this, 'Credentials', {
      description: 'Genesys Cloud OAuth client and session keys of the guest profiles',
      encryptionKey,
      // Never change these two: a changed template makes CloudFormation generate the value again, over what an
      // operator has put in. A test freezes them.
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ clientId: placeholder, clientSecret: placeholder }),
        generateStringKey: 'placeholder',
      },
      removalPolicy: removalOf({ keepData }),
    });
    accept(
      secret,
      ['AwsSolutions-SMG4', 'NIST.800.53.R5-SecretsManagerRotationEnabled'],
      'Genesys Cloud issues the client secret and offers no interface to rotate it. An operator rotates it by the runbook; the function takes a new one up within five minutes, without a restart.',
    );
    return secret as ISecret;
  }

  private existing(nameOrArn: string, keyArn: string | undefined): ISecret {
    const arn = nameOrArn.startsWith('arn:')
      ? nameOrArn
      : Stack.of(this).formatArn({
          service: 'secretsmanager',
          resource: 'secret',
          resourceName: nameOrArn,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        });
    // Secrets Manager ends every ARN with a dash and six characters; a name alone does not tell them.
    const complete = nameOrArn.startsWith('arn:') && /-[A-Za-z0-9]{6}$/.test(nameOrArn);
    return Secret.fromSecretAttributes(this, 'Credentials', {
      ...(keyArn === undefined ? {} : { encryptionKey: Key.fromKeyArn(this, 'Key', keyArn) }),
      ...(complete ? { secretCompleteArn: arn } : { secretPartialArn: arn }),
    });
  }
}
