import math
import torch
from torch import nn, Tensor


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, dropout: float = 0.1, max_len: int = 500):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.pe[: x.size(0)]
        return self.dropout(x)


class OrderModel(nn.Module):
    """Which of the two marked tokens comes first?"""

    def __init__(self, ntoken: int, d_model: int = 32, nhead: int = 4, nlayers: int = 1):
        super().__init__()
        self.d_model = d_model
        self.embedding = nn.Embedding(ntoken, d_model)
        self.pos_encoder = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, 64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, nlayers)
        self.head = nn.Linear(d_model, 2)

    def forward(self, src: Tensor) -> Tensor:
        x = self.embedding(src) * math.sqrt(self.d_model)
        x = self.encoder(self.pos_encoder(x))
        return self.head(x.mean(dim=1))


def sample(batch: int, length: int = 10):
    src = torch.randint(2, 12, (batch, length))
    where = torch.rand(batch, length).argsort(dim=1)[:, :2]
    rows = torch.arange(batch)
    src[rows, where[:, 0]] = 0
    src[rows, where[:, 1]] = 1
    return src, (where[:, 0] < where[:, 1]).long()


if __name__ == "__main__":
    torch.manual_seed(0)
    model = OrderModel(12)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    model.train()
    for step in range(320):
        src, target = sample(32)
        loss = criterion(model(src), target)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        src, target = sample(400)
        print("accuracy", (model(src).argmax(1) == target).float().mean().item())
