import torch
from torch import nn

torch.manual_seed(48)
PAD, BOS, V = 0, 1, 12


class Model(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(V, d, padding_idx=PAD)
        self.pos = nn.Parameter(0.02 * torch.randn(12, d))
        self.tf = nn.Transformer(d, 4, 1, 1, 64, dropout=0.0, batch_first=True)
        self.out = nn.Linear(d, V)

    def forward(self, src, tgt):
        causal = nn.Transformer.generate_square_subsequent_mask(tgt.size(1))
        s, t = self.emb(src) + self.pos[: src.size(1)], self.emb(tgt) + self.pos[: tgt.size(1)]
        h = self.tf(s, t, tgt_mask=causal, tgt_is_causal=True)
        return self.out(h)


model = Model()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
lf = nn.CrossEntropyLoss(ignore_index=PAD)
for step in range(40):
    model.train()
    src = torch.randint(2, V, (32, 6))
    full = torch.cat([torch.full((32, 1), BOS), src.sort(1).values], 1)
    logits = model(src, full[:, :-1])
    loss = lf(logits.reshape(-1, V), full[:, 1:].reshape(-1))
    opt.zero_grad()
    loss.backward()
    opt.step()
print("loss", loss.item())
