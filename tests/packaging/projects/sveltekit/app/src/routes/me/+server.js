export const GET = ({ locals }) => new Response(locals.session?.claims.sub ?? "nobody");
