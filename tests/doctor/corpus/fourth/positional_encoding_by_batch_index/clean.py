import math
import torch
import torch.nn as nn

torch.manual_seed(0)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=500):
        super(PositionalEncoding, self).__init__()
        pe = torch.zeros(max_len, d_model)
        position = torch.arange(0, max_len, dtype=torch.float).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        pe = pe.unsqueeze(0).transpose(0, 1)
        self.register_buffer('pe', pe)

    def forward(self, x):
        x = x + self.pe[:x.size(0), :]
        return x


class TransformerModel(nn.Module):
    def __init__(self, ntoken, d_model=32, nhead=4, nlayers=1):
        super(TransformerModel, self).__init__()
        self.d_model = d_model
        self.encoder = nn.Embedding(ntoken, d_model)
        self.pos_encoder = PositionalEncoding(d_model)
        layers = nn.TransformerEncoderLayer(d_model, nhead, 64, dropout=0.0, batch_first=True)
        self.transformer_encoder = nn.TransformerEncoder(layers, nlayers)
        self.decoder = nn.Linear(d_model, 2)

    def forward(self, src):
        """src: (batch, time) token ids"""
        src = self.encoder(src) * math.sqrt(self.d_model)
        src = self.pos_encoder(src.transpose(0, 1)).transpose(0, 1)
        output = self.transformer_encoder(src)
        return self.decoder(output.mean(dim=1))


def rising(n, T=8, V=10):
    """label 1 when the largest token stands in the first half"""
    seq = torch.stack([torch.randperm(V)[:T] for _ in range(n)])
    return seq, (seq.argmax(dim=1) < T // 2).long()


x, y = rising(2500)
x_val, y_val = rising(500)
model = TransformerModel(10)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(6):
    model.train()
    total = 0.
    for ids in torch.randperm(len(x)).split(50):
        optimizer.zero_grad()
        loss = criterion(model(x[ids]), y[ids])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(ids)
    model.eval()
    with torch.no_grad():
        acc = (model(x_val).argmax(1) == y_val).float().mean().item()
    print('| epoch {} | loss {:.3f} | val acc {:.3f}'.format(epoch, total / len(x), acc))
