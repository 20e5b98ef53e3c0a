// The AWS SDK for JavaScript on the queries of benchmarks/read_metrics.py: node read_metrics.mjs PORT QUERIES START END
// QUERIES is a file: a list for its GetMetricData paginator, or {"statistics": [...]} for a GetMetricStatistics call each.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.WATCHKEEPER_JS_SDK + "/package.json");
const { CloudWatchClient, GetMetricStatisticsCommand, paginateGetMetricData } = require("@aws-sdk/client-cloudwatch");

const [port, queries, start, end] = process.argv.slice(2);
const client = new CloudWatchClient({
  endpoint: `http://127.0.0.1:${port}`,
  region: "us-east-1",
  credentials: { accessKeyId: "demo", secretAccessKey: "demo" },
});
let count = 0;
let total = 0;
const asked = JSON.parse(readFileSync(queries, "utf8"));
const span = { StartTime: new Date(start), EndTime: new Date(end) };

async function readData() {
  for await (const page of paginateGetMetricData({ client }, { MetricDataQueries: asked, ScanBy: "TimestampAscending", ...span })) {
    for (const result of page.MetricDataResults) {
      count += result.Timestamps.length;
      for (const value of result.Values) total += value;
    }
  }
}

async function readStatistics(input) {
  const answer = await client.send(new GetMetricStatisticsCommand({ ...input, ...span }));
  for (const point of answer.Datapoints) {
    for (const name of input.Statistics) {
      count += 1;
      total += point[name];
    }
  }
}

await (Array.isArray(asked) ? readData() : Promise.all(asked.statistics.map(readStatistics)));
console.log(count, total);
