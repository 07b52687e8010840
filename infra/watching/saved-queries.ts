import { Stack } from 'aws-cdk-lib';
import { type ILogGroup, QueryDefinition, QueryString } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

interface SavedQueriesProps {
  readonly functions: readonly ILogGroup[];
  readonly accessLog: ILogGroup;
}

interface SavedQuery {
  readonly fields: string[];
  readonly filters?: string[];
  readonly stats?: string;
  readonly sort: string;
  readonly limit: number;
}

const functionQueries: Readonly<Record<string, SavedQuery>> = {
  'Errors and warnings': {
    fields: ['@timestamp', 'level', 'code', 'message', 'requestId'],
    filters: ["level in ['ERROR', 'WARN']"],
    sort: '@timestamp desc',
    limit: 200,
  },
  'Errors by code': {
    fields: ['code'],
    filters: ["level in ['ERROR', 'WARN']"],
    stats: 'count(*) as times by code',
    sort: 'times desc',
    limit: 50,
  },
  'One request (fill in its id)': {
    fields: ['@timestamp', 'level', 'code', 'message'],
    filters: ["requestId = 'REQUEST-ID'"],
    sort: '@timestamp asc',
    limit: 200,
  },
  'Slowest requests': {
    fields: ['@timestamp', 'requestId', 'status', 'durationMs'],
    filters: ['ispresent(durationMs)'],
    sort: 'durationMs desc',
    limit: 50,
  },
};

const accessQueries: Readonly<Record<string, SavedQuery>> = {
  'Responses by status': {
    fields: ['status'],
    stats: 'count(*) as requests, avg(durationMs) as averageMs, pct(durationMs, 99) as p99Ms by status',
    sort: 'requests desc',
    limit: 50,
  },
  'Refused by the gateway': {
    fields: ['time', 'requestId', 'status', 'gatewayError', 'firewall'],
    filters: ["gatewayError != '-'"],
    sort: 'time desc',
    limit: 200,
  },
};

/** Logs Insights queries for the first look of the runbook, in a folder with the stack's name. */
export class SavedQueries extends Construct {
  constructor(scope: Construct, id: string, { functions, accessLog }: SavedQueriesProps) {
    super(scope, id);
    this.save(functionQueries, functions);
    this.save(accessQueries, [accessLog]);
  }

  private save(queries: Readonly<Record<string, SavedQuery>>, logGroups: readonly ILogGroup[]): void {
    for (const [name, { filters, stats, ...query }] of Object.entries(queries)) {
      new QueryDefinition(this, name.replaceAll(/[^A-Za-z]/g, ''), {
        queryDefinitionName: `${Stack.of(this).stackName}/${name}`,
        queryString: new QueryString({
          ...query,
          ...(filters === undefined ? {} : { filterStatements: filters }),
          ...(stats === undefined ? {} : { statsStatements: [stats] }),
        }),
        logGroups: [...logGroups],
      });
    }
  }
}
