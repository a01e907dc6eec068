import type { FastifyInstance } from 'fastify';

interface Order {
  readonly item: string;
  readonly quantity: number;
}

const orderSchema = {
  type: 'object',
  required: ['item', 'quantity'],
  additionalProperties: false,
  properties: {
    item: { type: 'string', minLength: 1, maxLength: 200 },
    quantity: { type: 'integer', minimum: 1, maximum: 1_000 },
  },
};

const idSchema = { type: 'object', properties: { id: { type: 'string', pattern: '^\\d{1,15}$' } } };

/** POST / and GET /:id. Nothing in here knows of the drain: a request is counted from its first byte to its last. */
export async function orderRoutes(app: FastifyInstance): Promise<void> {
  app.post<{ Body: Order }>('/', { schema: { body: orderSchema } }, async (request, reply) => {
    const { item, quantity } = request.body;
    const id = await app.database.transaction(async ({ query }) => {
      const [order] = await query<{ id: string }>('INSERT INTO orders (item, quantity) VALUES ($1, $2) RETURNING id', [
        item,
        quantity,
      ]);
      await query('INSERT INTO receipts (order_id) VALUES ($1)', [order?.id]);
      return Number(order?.id);
    });
    return reply.code(201).header('location', `/orders/${id}`).send({ id, item, quantity });
  });

  app.get<{ Params: { id: string } }>('/:id', { schema: { params: idSchema } }, async (request, reply) => {
    const { id } = request.params;
    const [order] = await app.database.query<Order>('SELECT item, quantity FROM orders WHERE id = $1', [id]);
    if (order === undefined)
      return reply.code(404).send({ statusCode: 404, error: 'Not Found', message: `no order ${id}` });
    return { id: Number(id), ...order };
  });
}
