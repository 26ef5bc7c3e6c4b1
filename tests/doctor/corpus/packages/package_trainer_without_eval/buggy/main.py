import torch
from torch.utils.data import DataLoader, TensorDataset

from evaluator import Evaluator
from net import make_net
from trainer import Trainer

if __name__ == "__main__":
    torch.manual_seed(2)
    x = torch.randn(600, 10)
    y = (x[:, :5].sum(1) > 0).long()
    train = DataLoader(TensorDataset(x[:480], y[:480]), batch_size=40, shuffle=True)
    val = DataLoader(TensorDataset(x[480:], y[480:]), batch_size=60)
    net = make_net(10, 2)
    trainer = Trainer(net, torch.optim.AdamW(net.parameters(), lr=2e-3), Evaluator(val))
    trainer.fit(train, epochs=4)
