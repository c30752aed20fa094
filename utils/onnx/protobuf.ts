/**
 * The part of ONNX's protobuf schema that a model needs, encoded by protobufjs. Field numbers: onnx.proto3 of the ONNX
 * specification, IR version 10.
 */
import protobuf from "protobufjs";

const field = (id: number, type: string, rule?: "repeated") => ({
  id,
  type,
  ...(rule && { rule }),
});
const many = (id: number, type: string) => field(id, type, "repeated");

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: field(1, "int64"),
        producerName: field(2, "string"),
        graph: field(7, "GraphProto"),
        opsetImport: many(8, "OperatorSetIdProto"),
      },
    },
    OperatorSetIdProto: { fields: { domain: field(1, "string"), version: field(2, "int64") } },
    GraphProto: {
      fields: {
        node: many(1, "NodeProto"),
        name: field(2, "string"),
        initializer: many(5, "TensorProto"),
        input: many(11, "ValueInfoProto"),
        output: many(12, "ValueInfoProto"),
      },
    },
    NodeProto: {
      fields: {
        input: many(1, "string"),
        output: many(2, "string"),
        name: field(3, "string"),
        opType: field(4, "string"),
        attribute: many(5, "AttributeProto"),
        domain: field(7, "string"),
      },
    },
    AttributeProto: {
      fields: {
        name: field(1, "string"),
        f: field(2, "float"),
        i: field(3, "int64"),
        s: field(4, "bytes"),
        ints: many(8, "int64"),
        type: field(20, "int32"),
      },
    },
    TensorProto: {
      fields: {
        dims: many(1, "int64"),
        dataType: field(2, "int32"),
        name: field(8, "string"),
        rawData: field(9, "bytes"),
      },
    },
    ValueInfoProto: { fields: { name: field(1, "string"), type: field(2, "TypeProto") } },
    TypeProto: { fields: { tensorType: field(1, "TensorTypeProto") } },
    TensorTypeProto: {
      fields: { elemType: field(1, "int32"), shape: field(2, "TensorShapeProto") },
    },
    TensorShapeProto: { fields: { dim: many(1, "DimensionProto") } },
    DimensionProto: { fields: { dimValue: field(1, "int64"), dimParam: field(2, "string") } },
  },
});

const modelProto = root.lookupType("ModelProto");

/** AttributeProto.AttributeType */
export const ATTRIBUTE = { float: 1, int: 2, string: 3, ints: 7 } as const;

/**
 * Encodes a model given as a plain object in the form of ModelProto.
 * @throws Error naming the field that does not fit the schema.
 */
export function encodeModel(model: Record<string, unknown>): Uint8Array {
  const problem = modelProto.verify(model);
  if (problem) throw new Error(`cannot encode the ONNX model: ${problem}`);
  return modelProto.encode(model as never).finish();
}
