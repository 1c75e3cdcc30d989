/** Drover's workflows, bundled with other budgets in the place of `workflows/budgets.ts`. */
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { workflowsPath } from '../../worker/run-worker.ts';

/**
 * @param budgets the file that exports them under the same name
 * @param path of the workflows; default: all of Drover's
 */
export function bundleWithBudgets(
  budgets: string,
  path = workflowsPath,
): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: path,
    logger: new DefaultLogger('ERROR'),
    webpackConfigHook: (config) => {
      const alias = config.resolve?.alias;
      if (!alias || Array.isArray(alias))
        throw new Error('the bundler names its aliases otherwise than before');
      return {
        ...config,
        resolve: {
          ...config.resolve,
          alias: { ...alias, './budgets.ts$': budgets, '../budgets.ts$': budgets },
        },
      };
    },
  });
}
