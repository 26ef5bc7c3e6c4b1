"""Encoder-decoder Transformer that reverses digit strings: shifted targets, causal mask, padding masks, greedy decoding."""
import torch
import torch.nn as nn

PAD, BOS, EOS, OFFSET = 0, 1, 2, 3
VOCAB, MAXLEN = OFFSET + 8, 7


def make_batch(n, gen):
    src = torch.full((n, MAXLEN), PAD)
    tgt = torch.full((n, MAXLEN + 2), PAD)
    lens = torch.randint(3, MAXLEN + 1, (n,), generator=gen)
    for i, L in enumerate(lens.tolist()):
        s = torch.randint(OFFSET, VOCAB, (L,), generator=gen)
        src[i, :L] = s
        tgt[i, 0], tgt[i, 1:L + 1], tgt[i, L + 1] = BOS, s.flip(0), EOS
    return src, tgt


class Reverser(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, d, padding_idx=PAD)
        self.pos = nn.Embedding(MAXLEN + 2, d)
        kw = dict(d_model=d, nhead=4, dim_feedforward=64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(**kw), 1, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(**kw), 1)
        self.out = nn.Linear(d, VOCAB)

    def embed(self, ids):
        return self.tok(ids) + self.pos(torch.arange(ids.size(1), device=ids.device))

    def encode(self, src):
        return self.encoder(self.embed(src), src_key_padding_mask=src == PAD)

    def decode(self, tgt, memory, src):
        T = tgt.size(1)
        causal = torch.ones(T, T, dtype=torch.bool, device=tgt.device).triu(1)
        h = self.decoder(self.embed(tgt), memory, tgt_mask=causal, tgt_key_padding_mask=tgt == PAD,
                            memory_key_padding_mask=src == PAD)
        return self.out(h)

    def forward(self, src, tgt):
        return self.decode(tgt, self.encode(src), src)


@torch.no_grad()
def translate(model, src):
    model.eval()
    mem = model.encode(src)
    out = torch.full((src.size(0), 1), BOS)
    finished = torch.zeros(src.size(0), dtype=torch.bool)
    for _ in range(MAXLEN + 1):
        nxt = model.decode(out, mem, src)[:, -1].argmax(-1)
        nxt = nxt.masked_fill(finished, PAD)
        finished |= nxt == EOS
        out = torch.cat([out, nxt[:, None]], 1)
        if finished.all():
            break
    return out


def exact_match(pred, tgt):
    full = torch.full_like(tgt, PAD)
    full[:, :pred.size(1)] = pred
    return (full == tgt).all(1).float().mean().item()


def main():
    torch.manual_seed(4)
    gen = torch.Generator().manual_seed(4)
    src, tgt = make_batch(3000, gen)
    # same string can be drawn twice; keep the validation strings out of training
    known = {tuple(s) for s in src[:2800].tolist()}
    keep = torch.tensor([tuple(s) not in known for s in src[2800:].tolist()])
    v_src, v_tgt = src[2800:][keep], tgt[2800:][keep]
    src, tgt = src[:2800], tgt[:2800]

    model = Reverser()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3, betas=(0.9, 0.98))
    warm = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min((s + 1) / 30, (30 / (s + 1)) ** 0.5))
    crit = nn.CrossEntropyLoss(ignore_index=PAD)
    for epoch in range(5):
        model.train()
        for idx in torch.randperm(len(src)).split(64):
            s, t = src[idx], tgt[idx]
            logits = model(s, t[:, :-1])
            loss = crit(logits.reshape(-1, VOCAB), t[:, 1:].reshape(-1))
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            warm.step()
        print(f"epoch {epoch} loss {loss.item():.3f} exact {exact_match(translate(model, v_src), v_tgt):.3f}")


if __name__ == "__main__":
    main()
