import math

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, dropout: float = 0.1, max_len: int = 512) -> None:
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, d_model)
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe.unsqueeze(1))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.pe[:x.size(0)]
        return self.dropout(x)


class OrderClassifier(nn.Module):
    """Does token 1 come before token 2?"""

    def __init__(self, n_tokens: int, d_model: int = 32) -> None:
        super().__init__()
        self.d_model = d_model
        self.embed = nn.Embedding(n_tokens, d_model)
        self.pos = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead=4, dim_feedforward=64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=1)
        self.head = nn.Linear(d_model, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.pos(self.embed(tokens) * math.sqrt(self.d_model))
        return self.head(self.encoder(x).mean(dim=1))


def make_split(n: int, length: int = 12) -> TensorDataset:
    tokens = torch.randint(3, 20, (n, length))
    places = torch.rand(n, length).argsort(dim=1)[:, :2]
    rows = torch.arange(n)
    tokens[rows, places[:, 0]] = 1
    tokens[rows, places[:, 1]] = 2
    return TensorDataset(tokens, (places[:, 0] < places[:, 1]).long())


def main() -> None:
    torch.manual_seed(6)
    train_dl = DataLoader(make_split(2000), batch_size=50, shuffle=True)
    val_dl = DataLoader(make_split(400), batch_size=200)
    model = OrderClassifier(20)
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(8):
        model.train()
        for xb, yb in train_dl:
            opt.zero_grad()
            loss_fn(model(xb), yb).backward()
            opt.step()
        model.eval()
        hits = 0
        with torch.no_grad():
            for xb, yb in val_dl:
                hits += (model(xb).argmax(1) == yb).sum().item()
        print(f"epoch {epoch} val accuracy {hits / len(val_dl.dataset):.3f}")


if __name__ == "__main__":
    main()
