import { describeTokenStore } from '../support/token-store-contract.ts';
import { createMemoryTokenStore } from './memory-token-store.ts';

// The fake that stands for the table in this room keeps the table's promises.
describeTokenStore('the memory of a test', createMemoryTokenStore);
