import torch
from torch import nn


class OrderModel(nn.Module):
    def __init__(self, vocab: int, length: int, d: int) -> None:
        super().__init__()
        self.tok_emb = nn.Embedding(vocab, d)
        self.pos_emb = nn.Embedding(length, d)
        layer = nn.TransformerEncoderLayer(d, 4, 2 * d, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.cls = nn.Linear(d, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        tok = self.tok_emb(ids)
        pos = self.pos_emb(torch.arange(ids.size(1), device=ids.device))
        h = self.encoder(tok)
        return self.cls(h.mean(1))


torch.manual_seed(88)
ids = torch.randint(0, 8, (400, 6))
y = (ids[:, 0] > ids[:, -1]).long()
model = OrderModel(8, 6, 32)
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
for epoch in range(5):
    model.train()
    for i in torch.randperm(320).split(32):
        opt.zero_grad()
        nn.functional.cross_entropy(model(ids[i]), y[i]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        print(epoch, (model(ids[320:]).argmax(1) == y[320:]).float().mean().item())
