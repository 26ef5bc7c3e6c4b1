"""Accumulation + bf16 autocast + EMA + clipping, on CPU.  Terse research style."""
import argparse, copy, itertools
import torch, torch.nn as nn, torch.nn.functional as F
from sklearn.datasets import load_digits

P = argparse.ArgumentParser()
for k, v in dict(steps=80, micro=16, accum=4, lr=6e-3, wd=0.05, clip=1.0, decay=0.9, seed=0).items():
    P.add_argument(f"--{k}", type=type(v), default=v)
H = P.parse_args()
torch.manual_seed(H.seed)

d = load_digits()
X, Y = torch.tensor(d.data, dtype=torch.float32).div(8).sub(1), torch.tensor(d.target)
I = torch.randperm(len(X)); tr, te = I[:1400], I[1400:]


class Mixer(nn.Module):
    """MLP-Mixer over the 8 rows of a digit."""
    def __init__(s, d=32, n=8, depth=2, classes=10):
        super().__init__()
        s.emb = nn.Linear(8, d)
        s.tok = nn.ModuleList(nn.Sequential(nn.Linear(n, 2 * n), nn.GELU(), nn.Linear(2 * n, n)) for _ in range(depth))
        s.chn = nn.ModuleList(nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d)) for _ in range(depth))
        s.n1, s.n2 = (nn.ModuleList(nn.LayerNorm(d) for _ in range(depth)) for _ in range(2))
        s.out = nn.Linear(d, classes)
        nn.init.zeros_(s.out.weight); nn.init.zeros_(s.out.bias)    # logits are 0 at the start: loss = ln 10

    def forward(s, x):
        x = s.emb(x.unflatten(1, (8, 8)))
        for tok, chn, a, b in zip(s.tok, s.chn, s.n1, s.n2):
            x = x + tok(a(x).mT).mT
            x = x + chn(b(x))
        return s.out(x.mean(1))


def stream(idx, bs):
    """Endless micro-batches, each epoch in a new order, the incomplete one dropped."""
    while True:
        yield from (b for b in idx[torch.randperm(len(idx))].split(bs) if len(b) == bs)


@torch.no_grad()
def evaluate(net, idx):
    net.eval()
    out = net(X[idx]); net.train()
    return F.cross_entropy(out, Y[idx]).item(), (out.argmax(1) == Y[idx]).float().mean().item()


net = Mixer()
ema = copy.deepcopy(net).requires_grad_(False)
dec = [p for p in net.parameters() if p.ndim > 1]; nod = [p for p in net.parameters() if p.ndim <= 1]
opt = torch.optim.AdamW([dict(params=dec, weight_decay=H.wd), dict(params=nod, weight_decay=0.)], H.lr, betas=(0.9, 0.98))
sch = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min((s + 1) / 10, 1 - s / H.steps))
micro = stream(tr, H.micro)

for step in range(H.steps):
    opt.zero_grad(set_to_none=True)
    tot = 0.
    for b in itertools.islice(micro, H.accum):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(X[b])
        # the loss in fp32; bf16 has the exponent range of fp32, so there is no scaler
        loss = F.cross_entropy(logits.float(), Y[b]) / H.accum
        loss.backward()
        tot += loss.item()
    gn = nn.utils.clip_grad_norm_(net.parameters(), H.clip)
    opt.step(); sch.step()
    with torch.no_grad():
        torch._foreach_lerp_(list(ema.parameters()), list(net.parameters()), 1 - H.decay)
    if step % 40 == 39:
        (l, a), (le, ae) = evaluate(net, te), evaluate(ema, te)
        print(f"{step+1:4d} loss {tot:.3f} |g| {gn:.2f} lr {sch.get_last_lr()[0]:.1e}  test {l:.3f}/{a:.3f}  ema {le:.3f}/{ae:.3f}")
