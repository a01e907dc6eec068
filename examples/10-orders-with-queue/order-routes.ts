import type { FastifyInstance } from 'fastify';
import { transaction } from '../recipes/postgres.ts';

const orderSchema = {
  type: 'object',
  required: ['item'],
  additionalProperties: false,
  properties: { item: { type: 'string', minLength: 1, maxLength: 200 } },
};

/** POST /. The order and the message that is due for it are written together, or not at all. */
export async function orderRoutes(app: FastifyInstance): Promise<void> {
  app.post<{ Body: { readonly item: string } }>('/', { schema: { body: orderSchema } }, async (request, reply) => {
    const { item } = request.body;
    const id = await transaction(app.pool(), async (client) => {
      const { rows } = await client.query('INSERT INTO orders (item) VALUES ($1) RETURNING id', [item]);
      await client.query('INSERT INTO outbox (order_id) VALUES ($1)', [rows[0].id]);
      return Number(rows[0].id);
    });
    return reply.code(201).send({ id, item });
  });
}
