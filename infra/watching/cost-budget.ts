import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Settings } from '../settings.ts';

/** Tag that every resource of this service carries, with the environment's name: to be activated for cost allocation. */
export const budgetTag = 'guest-profiles';

interface CostBudgetProps {
  readonly settings: Settings;
  readonly topic: ITopic;
}

/** What this stack may cost a month, by its own tag; reports 80 % spent and 100 % foreseen. */
export class CostBudget extends Construct {
  constructor(scope: Construct, id: string, { settings, topic }: CostBudgetProps) {
    super(scope, id);
    const subscribers = [{ subscriptionType: 'SNS', address: topic.topicArn }];
    const notify = (notificationType: string, threshold: number) => ({
      notification: {
        notificationType,
        comparisonOperator: 'GREATER_THAN',
        threshold,
        thresholdType: 'PERCENTAGE',
      },
      subscribers,
    });
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: settings.monthlyBudgetUsd, unit: 'USD' },
        costFilters: { TagKeyValue: [`user:${budgetTag}$${settings.name}`] },
      },
      notificationsWithSubscribers: [notify('ACTUAL', 80), notify('FORECASTED', 100)],
    });
  }
}
