import torch
import torch.nn as nn
import torch.optim as optim
from torch.autograd import Variable


def adjust_learning_rate(optimizer, epoch, args):
    """lr is divided by 5 every args['drop'] epochs"""
    lr = args['lr'] * (0.2 ** (epoch // args['drop']))
    for group in optimizer.param_groups:
        group['lr'] = lr


def train(loader, model, criterion, optimizer, epoch):
    model.train()
    total, seen = 0., 0
    for input, target in loader:
        input_var, target_var = Variable(input), Variable(target)
        output = model(input_var)
        loss = criterion(output, target_var)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * input.size(0)
        seen += input.size(0)
    print('Epoch: [{0}]\tLoss {1:.4f}'.format(epoch, total / seen))


def validate(loader, model):
    model.eval()
    correct, seen = 0, 0
    with torch.no_grad():
        for input, target in loader:
            _, pred = model(input).max(1)
            correct += pred.eq(target).sum().item()
            seen += target.size(0)
    return 100. * correct / seen


def main():
    args = {'lr': 0.3, 'drop': 4, 'epochs': 12, 'momentum': 0.9}
    torch.manual_seed(17)
    data = torch.randn(1000, 10)
    target = ((data[:, :5] * data[:, 5:]).sum(1) > 0).long()
    make = lambda sl, sh: torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(data[sl], target[sl]), batch_size=20, shuffle=sh)
    train_loader, val_loader = make(slice(0, 800), True), make(slice(800, None), False)

    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(inplace=True), nn.Linear(64, 2))
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), args['lr'], momentum=args['momentum'])
    for epoch in range(args['epochs']):
        adjust_learning_rate(optimizer, epoch, args)
        train(train_loader, model, criterion, optimizer, epoch)
    print(' * Prec@1 {:.2f}'.format(validate(val_loader, model)))


main()
