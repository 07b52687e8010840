import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { accept } from '../accepted-findings.ts';

interface AlarmTopicProps {
  readonly key: IKey;
  readonly emails: readonly string[];
  /** What the mails begin with. */
  readonly title: string;
}

/** Where alarms and the budget go: encrypted, TLS only, published to by AWS for this account only. */
export class AlarmTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { key, emails, title }: AlarmTopicProps) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', {
      displayName: `${Stack.of(this).stackName}: ${title}`,
      masterKey: key,
      enforceSSL: true,
    });
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [
          new ServicePrincipal('cloudwatch.amazonaws.com'),
          new ServicePrincipal('budgets.amazonaws.com'),
        ],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    for (const email of emails) {
      accept(
        this.topic.addSubscription(new EmailSubscription(email)),
        ['Serverless-SNSRedrivePolicy'],
        'Mail for people: it is retried for days by the mail system, and the alarm itself stays visible until it ends.',
      );
    }
  }
}
