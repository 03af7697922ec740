"""An encoder-decoder transformer, small and written out, so that every part can be looked at."""

import math

import torch
from torch import nn


class Attention(nn.Module):
    """Multi-head attention. `mask` is True where a query may look at a key."""

    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def split(self, hidden):
        batch, length, width = hidden.shape
        return hidden.view(batch, length, self.heads, width // self.heads).transpose(1, 2)

    def forward(self, hidden, memory, mask):
        query, key, value = self.split(self.query(hidden)), self.split(self.key(memory)), self.split(self.value(memory))
        scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
        # A query that may look at nothing gets the softmax of only -inf, which is NaN: the latent
        # fault that an empty source sentence sets off (--fault nan).
        weights = self.dropout(scores.masked_fill(~mask, float("-inf")).softmax(dim=-1))
        mixed = (weights @ value).transpose(1, 2).reshape(hidden.shape)
        return self.out(mixed)


class FeedForward(nn.Module):
    def __init__(self, width, inner, dropout):
        super().__init__()
        self.up = nn.Linear(width, inner)
        self.down = nn.Linear(inner, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden):
        return self.down(self.dropout(torch.relu(self.up(hidden))))


class EncoderLayer(nn.Module):
    def __init__(self, width, heads, inner, dropout):
        super().__init__()
        self.attention_norm, self.feed_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout)
        self.feed = FeedForward(width, inner, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden, mask):
        normed = self.attention_norm(hidden)
        hidden = hidden + self.dropout(self.attention(normed, normed, mask))
        return hidden + self.dropout(self.feed(self.feed_norm(hidden)))


class DecoderLayer(nn.Module):
    def __init__(self, width, heads, inner, dropout):
        super().__init__()
        self.self_norm, self.cross_norm, self.feed_norm = (nn.LayerNorm(width) for _ in range(3))
        self.self_attention = Attention(width, heads, dropout)
        self.cross_attention = Attention(width, heads, dropout)
        self.feed = FeedForward(width, inner, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden, memory, causal, memory_mask):
        normed = self.self_norm(hidden)
        hidden = hidden + self.dropout(self.self_attention(normed, normed, causal))
        hidden = hidden + self.dropout(self.cross_attention(self.cross_norm(hidden), memory, memory_mask))
        return hidden + self.dropout(self.feed(self.feed_norm(hidden)))


class Translator(nn.Module):
    def __init__(self, vocab_size, width=128, heads=4, inner=256, layers=2, dropout=0.1, longest=96):
        super().__init__()
        self.scale = math.sqrt(width)
        self.tokens = nn.Embedding(vocab_size, width)
        self.encoder_places, self.decoder_places = nn.Embedding(longest, width), nn.Embedding(longest, width)
        self.dropout = nn.Dropout(dropout)
        self.encoder = nn.ModuleList(EncoderLayer(width, heads, inner, dropout) for _ in range(layers))
        self.decoder = nn.ModuleList(DecoderLayer(width, heads, inner, dropout) for _ in range(layers))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.head = nn.Linear(width, vocab_size)
        self.apply(self.initialise)
        # The head starts small, so that the first loss is that of a uniform guess, ln(vocab_size).
        nn.init.normal_(self.head.weight, std=0.02)

    @staticmethod
    def initialise(module):
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=module.embedding_dim ** -0.5)

    def embed(self, ids, places):
        positions = torch.arange(ids.shape[1], device=ids.device)
        return self.dropout(self.scale * (self.tokens(ids) + places(positions)))

    def encode(self, source, source_mask):
        mask = source_mask[:, None, None, :]
        hidden = self.embed(source, self.encoder_places)
        for layer in self.encoder:
            hidden = layer(hidden, mask)
        return self.encoder_norm(hidden)

    def decode(self, target, memory, source_mask):
        length = target.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool, device=target.device).tril()[None, None]
        mask = source_mask[:, None, None, :]
        hidden = self.embed(target, self.decoder_places)
        for layer in self.decoder:
            hidden = layer(hidden, memory, causal, mask)
        return self.head(self.decoder_norm(hidden))

    def forward(self, source, source_mask, target):
        return self.decode(target, self.encode(source, source_mask), source_mask)

    @torch.no_grad()
    def translate(self, source, source_mask, start, end):
        """Greedy translation of a batch; each row stops at `end`, or when far longer than its source."""
        memory = self.encode(source, source_mask)
        target = torch.full((source.shape[0], 1), start)
        done = torch.zeros(source.shape[0], dtype=torch.bool)
        for _ in range(source.shape[1] + 10):
            chosen = self.decode(target, memory, source_mask)[:, -1].argmax(dim=-1)
            target = torch.cat([target, chosen.masked_fill(done, end)[:, None]], dim=1)
            done |= chosen == end
            if bool(done.all()):
                break
        return [row[1:].tolist() for row in target]
