// Sends spans, a log record and metrics with the real OpenTelemetry SDK for JavaScript, as OTLP/HTTP with JSON, and
// prints the ids that it gave them.
//
//     ENDPOINT=http://127.0.0.1:4318 COMPRESSION=none|gzip node send.mjs

import { SpanKind, SpanStatusCode, TraceFlags, context, trace } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

const endpoint = process.env.ENDPOINT;
const compression = process.env.COMPRESSION;
const service = `js-${compression}`;
const to = (signal) => ({ url: `${endpoint}/v1/${signal}`, compression });

const resource = resourceFromAttributes({
  'service.name': service,
  'deployment.environment.name': 'tést',
  'process.pid': 42,
});

const tracing = new BasicTracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(to('traces')))],
});
const logging = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter(to('logs')) })],
});
const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(to('metrics')) });
const metering = new MeterProvider({ resource, readers: [reader] });

const tracer = tracing.getTracer('js-test', '1.2.3');
const linked = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: TraceFlags.SAMPLED };

const agent = tracer.startSpan('invoke_agent planner', {
  kind: SpanKind.INTERNAL,
  attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'planner', 'tenant.id': 'acme' },
});
const inAgent = trace.setSpan(context.active(), agent);
const chat = tracer.startSpan(
  'chat gpt-4o',
  {
    kind: SpanKind.CLIENT,
    startTime: [1700000000, 123456789],
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.usage.input_tokens': 1234,
      'gen_ai.usage.output_tokens': 56,
      'gen_ai.request.temperature': 0.7,
      'gen_ai.response.finish_reasons': ['stop'],
      'tenant.id': 'acme',
      'app.unicode': 'Grüße, 世界 🦉 "quoted" \\ and\nnew line',
      'app.true': true,
      'app.false': false,
      'app.integer': -7,
      'app.large': Number.MAX_SAFE_INTEGER,
      'app.double': 0.1,
      'app.strings': ['a', 'ü', ''],
      'app.numbers': [1, 2, 300],
      'app.doubles': [0.5, 1.25],
      'app.booleans': [true, false],
      'app.empty': [],
    },
    links: [{ context: linked, attributes: { why: 'retry' } }],
  },
  inAgent,
);
chat.addEvent('first token', { position: 1, late: false }, [1700000000, 500000000]);
chat.recordException(new RangeError('too långt'), [1700000000, 600000000]);
chat.setStatus({ code: SpanStatusCode.ERROR, message: 'gave up' });
chat.end([1700000002, 123456790]);
agent.end();

logging.getLogger('js-test').emit({
  eventName: 'gen_ai.evaluation.result',
  severityNumber: SeverityNumber.WARN,
  severityText: 'WARN',
  body: { verdict: 'bad', scores: [1, 0.5], nested: { ok: false } },
  attributes: { 'gen_ai.evaluation.name': 'relevance', 'gen_ai.evaluation.score.value': 0.25 },
  context: trace.setSpan(context.active(), chat),
});

const meter = metering.getMeter('js-test');
meter.createCounter('calls', { unit: '{call}' }).add(3, { model: 'gpt-4o' });
meter.createHistogram('gen_ai.client.operation.duration', { unit: 's' }).record(1.5, { model: 'gpt-4o' });
meter.createObservableGauge('queue.fill').addCallback((result) => result.observe(0.25));

// A failed export rejects, and the script ends with an error. Metrics have no flush of their own: it would send them twice.
await tracing.forceFlush();
await logging.forceFlush();
await Promise.all([tracing.shutdown(), logging.shutdown(), metering.shutdown()]);

const ids = (span) => ({ trace_id: span.spanContext().traceId, span_id: span.spanContext().spanId });
console.log(JSON.stringify({ service, agent: ids(agent), chat: ids(chat), linked }));
